import { setTimeout as sleep } from "node:timers/promises";
import { type AuditReport, audit } from "../../cli/audit/audit.ts";
import { Shop } from "../e2e/support/shop.ts";
import { until } from "../support/until.ts";
import { Buyer, type Hall } from "./buyer.ts";
import { check, type Violation } from "./checker.ts";
import { type Fault, Found, type Stage } from "./fault.ts";
import { type Strike, scheduleOf } from "./faults.ts";
import { History } from "./history.ts";
import { untilQuiet } from "./quiet.ts";
import type { Random } from "./random.ts";
import { readFactsSince } from "./read-facts.ts";
import { readBookings } from "./tables.ts";
import type { World } from "./world.ts";

const BUYERS = 24;
/** The first event is what most want; the others are there so that actors live on both nodes. */
const HALLS = [40, 120, 120] as const;
const HOLD_SECONDS = 3;
const LOAD_MS = 5_000;
/** The load goes on for so long after the last fault. */
const AFTERWARDS_MS = 800;
const SETTLE_MS = 30_000;
const ON_SALE_MS = 60_000;

export interface RunResult {
  seed: string;
  faults: string[];
  /** What a fault could not do, since another had taken away what it works on. */
  missed: string[];
  operations: number;
  granted: number;
  violations: Violation[];
  history: History;
  seconds: number;
}

/** One run: load and faults, healing, quiet, judgement. A world in which nothing can be sold before a fault has struck is a violation. */
export async function oneRun(world: World, random: Random, seed: string, only: Fault | undefined): Promise<RunResult> {
  const began = Date.now();
  const strikes = scheduleOf(random.fork("schedule"), LOAD_MS, only);
  const ended = (what: Partial<RunResult>): RunResult => ({
    seed,
    faults: strikes.map(({ fault }) => fault.name),
    missed: [],
    operations: 0,
    granted: 0,
    violations: [],
    history: new History(),
    seconds: (Date.now() - began) / 1_000,
    ...what,
  });
  try {
    return ended(await thrown(world, random, strikes));
  } catch (error) {
    return ended({ violations: [{ invariant: "healing", problem: `before the load: ${(error as Error).message}` }] });
  }
}

async function thrown(world: World, random: Random, strikes: readonly Strike[]): Promise<Partial<RunResult>> {
  await world.heal();
  const settings = Object.assign({}, ...strikes.map(({ fault }) => fault.settings ?? {}));
  await world.useNodes(settings, {
    without: strikes.flatMap(({ fault }) => fault.without ?? []),
    apart: strikes.flatMap(({ fault }) => fault.apart ?? []),
  });
  const since = new Date();
  const holdSeconds = strikes.find(({ fault }) => fault.holdSeconds)?.fault.holdSeconds ?? HOLD_SECONDS;
  const halls = await putOnSale(world, holdSeconds);
  const history = new History();
  const violations: Violation[] = [];
  const missed: string[] = [];

  const { buyers, stop } = crowd(world, random, halls, history);
  const stage: Stage = { world, random: random.fork("faults"), halls, since, history, buyers };
  const running = Promise.all([...buyers.values()].map((buyer) => buyer.run()));
  const over = strikes.map((strike) => struck(stage, strike).catch((error: Error) => error));
  await sleep(LOAD_MS);
  for (const [n, error] of (await Promise.all(over)).entries()) {
    if (error instanceof Found) violations.push({ invariant: error.invariant, problem: error.message });
    else if (error) missed.push(`${strikes[n]?.fault.name}: ${error.message}`);
  }
  await sleep(AFTERWARDS_MS);
  stop();
  await running;

  violations.push(...(await judge(world, stage)));
  violations.push(...world.takeOwnEnds().map((problem) => ({ invariant: "node", problem })));
  return {
    missed,
    operations: history.operations.length,
    granted: history.ofKind("hold").filter(({ outcome }) => outcome === "ok").length,
    violations,
    history,
  };
}

async function putOnSale(world: World, holdSeconds: number): Promise<Hall[]> {
  const shop = new Shop(world.urls[0] as string, (name, scopes) => world.token(name, scopes));
  // Asked again as any organizer would: nodes that have just come back may say 503 once more.
  const sold = HALLS.map((seats) =>
    until(() => shop.putOnSale(seats, { holdSeconds }), {
      what: `an event of ${seats} seats to be on sale`,
      ms: ON_SALE_MS,
    }),
  );
  const halls = (await Promise.all(sold)).map(({ id, seatIds }) => ({ eventId: id, seatIds }));
  // The other gateway may not know of the newest events yet.
  for (const url of world.urls) {
    const other = new Shop(url);
    for (const { eventId } of halls) await other.untilOnSale(eventId);
  }
  return halls;
}

function crowd(world: World, random: Random, halls: readonly Hall[], history: History) {
  const stopping = new AbortController();
  const market = { urls: world.urls, halls, history, known: [], stopped: stopping.signal };
  const buyers = new Map(
    Array.from({ length: BUYERS }, (_, n) => {
      const name = `buyer-${n}`;
      return [name, new Buyer(name, world.token(name), random.fork(name), market)] as const;
    }),
  );
  return { buyers, stop: () => stopping.abort() };
}

async function struck(stage: Stage, { fault, atMs }: Strike): Promise<undefined> {
  await sleep(atMs);
  await fault.strike(stage);
  return undefined;
}

/** Heals, waits until nothing moves, and looks at what is left. What does not heal is a violation too. */
async function judge(world: World, { halls, since, history, buyers }: Stage): Promise<Violation[]> {
  const eventIds = halls.map(({ eventId }) => eventId);
  try {
    await world.heal();
    const healedAt = Date.now();
    await untilQuiet(world, eventIds);
    await Promise.all([...buyers.values()].map((buyer) => buyer.readAll()));
    const [bookings, facts] = await Promise.all([
      readBookings(world.url("booking"), eventIds),
      readFactsSince(world, since, halls),
    ]);
    const found = check({ history, bookings, facts, healedAt });
    return [...found, ...(await audited(world))];
  } catch (error) {
    return [{ invariant: "healing", problem: (error as Error).message }];
  }
}

async function audited(world: World): Promise<Violation[]> {
  const report = await until(() => tryAudit(world), { what: "an audit that can read everything", ms: SETTLE_MS });
  return Object.entries(report).flatMap(([invariant, { violations, undecided }]) =>
    [...violations, ...undecided].map(({ subject, problem }) => ({ invariant, problem: `${subject} ${problem}` })),
  );
}

const tryAudit = (world: World): Promise<AuditReport> =>
  audit({
    bookingUrl: world.url("booking"),
    paymentUrl: world.url("payment"),
    kafka: { brokers: world.brokers() },
    settleMs: SETTLE_MS,
  });
