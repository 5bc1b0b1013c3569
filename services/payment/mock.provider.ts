import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Pool } from "pg";
import { v4 as uuid } from "uuid";
import { EventixError } from "#contracts/errors.ts";
import { createPool } from "#mixins/database.mixin.ts";
import { Batcher } from "./batcher.ts";
import { type LedgerEntry, openCharges, settleCharges, stopCharge, writeRefund } from "./mock-ledger.repository.ts";
import type { ChargeRequest, ChargeState, Final, PaymentProvider, RefundRequest } from "./payment.provider.ts";

export interface MockOptions {
  /** Of the ledger: opened with a pool of its own. */
  databaseUrl: string;
  successRate: number;
  neverRate: number;
  delayMs: number;
  seed: string;
}

const LEDGER_CONNECTIONS = 3;
const LEDGER_BATCH = 256;
/** The longest a timer takes; the caller's signal ends the wait for an answer that never comes. */
const FOR_EVER_MS = 2 ** 31 - 1;
/** Timers may fire a millisecond early; asked too early, the charge would still be pending. */
const TIMER_SLACK_MS = 2;

/**
 * A payment provider that takes no money, but keeps book of it like one: in transactions of its own, through connections of
 * its own, so that a charge goes on when the caller has hung up or died.
 */
export function mockProvider(options: MockOptions): PaymentProvider {
  const pool = createPool(options.databaseUrl, "eventix-mock-provider", LEDGER_CONNECTIONS);
  // An idle connection that the server closed: the pool drops it by itself.
  pool.on("error", () => {});
  const charges = new Batcher((batch: ChargeRequest[]) => open(pool, options, batch), LEDGER_BATCH);
  const settled = new Batcher((keys: string[]) => settle(pool, keys), LEDGER_BATCH);
  return {
    name: "mock",
    async charge(request, signal) {
      const entry = await charges.add(request);
      if (entry.state !== "PENDING") return finalOf(entry);
      await wait(entry.waitMs === null ? FOR_EVER_MS : entry.waitMs + TIMER_SLACK_MS, undefined, { signal });
      return finalOf(await settled.add(request.key));
    },
    async inspect(key) {
      const entry = await settled.add(key);
      return entry ? stateOf(entry) : { state: "UNKNOWN" };
    },
    stop: async (request) => finalOf(await stopCharge(pool, entryFor(request))),
    refund: (request: RefundRequest) => writeRefund(pool, { ...request, refundRef: reference() }),
    async close() {
      if (!pool.ending) await pool.end();
    },
  };
}

const reference = () => `mock_${uuid()}`;

const entryFor = ({ key, amountMinor, currency }: ChargeRequest) => ({
  key,
  amountMinor,
  currency,
  providerRef: reference(),
});

async function open(pool: Pool, options: MockOptions, requests: ChargeRequest[]): Promise<LedgerEntry[]> {
  const once = [...new Map(requests.map((r) => [r.key, r])).values()];
  const entries = await openCharges(
    pool,
    once.map((request) => ({ ...entryFor(request), ...planOf(request, options) })),
  );
  const byKey = new Map(entries.map((entry) => [entry.key, entry]));
  return requests.map(({ key }) => byKey.get(key) as LedgerEntry);
}

async function settle(pool: Pool, keys: string[]): Promise<(LedgerEntry | undefined)[]> {
  const byKey = new Map((await settleCharges(pool, keys)).map((entry) => [entry.key, entry]));
  return keys.map((key) => byKey.get(key));
}

/** What the provider will do with a charge: the same for the same buyer and seats under the same seed. */
export function planOf(
  request: Pick<ChargeRequest, "eventId" | "seatIds" | "userId">,
  { seed, successRate, neverRate, delayMs }: Omit<MockOptions, "databaseUrl">,
) {
  const who = [seed, request.eventId, ...[...request.seatIds].sort(), request.userId].join("|");
  const hash = createHash("sha256").update(who).digest();
  const succeeds = hash.readUInt32BE(0) / 2 ** 32 < successRate;
  const never = hash.readUInt32BE(4) / 2 ** 32 < neverRate;
  return { planned: never ? null : succeeds ? ("TAKEN" as const) : ("DECLINED" as const), delayMs };
}

function stateOf(entry: LedgerEntry): ChargeState {
  if (entry.state === "DECLINED") return { state: "DECLINED", reason: "CARD_DECLINED" };
  if (entry.state !== "TAKEN") return { state: entry.state };
  const { providerRef, amountMinor, currency } = entry;
  return { state: "TAKEN", providerRef, amountMinor, currency };
}

function finalOf(entry: LedgerEntry | undefined): Final {
  const state = entry ? stateOf(entry) : undefined;
  // Asked a moment too early by the database's clock: like an answer that did not come in time.
  if (!state || state.state === "PENDING" || state.state === "UNKNOWN") throw new EventixError("SERVICE_UNAVAILABLE");
  return state;
}
