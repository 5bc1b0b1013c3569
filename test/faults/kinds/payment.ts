import { setTimeout as sleep } from "node:timers/promises";
import { type Fact, newFact } from "#contracts/events.ts";
import { connected } from "#stack/postgres/databases.ts";
import { CALL_MS } from "../../../services/payment/provider-call.ts";
import { ask, askUntil } from "../ask.ts";
import { killServer } from "../blows.ts";
import type { Evidence } from "../checker.ts";
import type { Fault, Stage } from "../fault.ts";
import { publish, type Told } from "../publish.ts";
import { readTopics } from "../read-facts.ts";
import { sweepersOn } from "../sweepers.ts";
import type { World } from "../world.ts";

const HOLD_SECONDS = 2;
/** What a result takes beside the provider's delay, from the hold to the charge and back, under the load of a run: 0.3 s and more. */
const ON_ITS_WAY_MS = 500;
/** From a result's effect to the deadline that it comes at. */
const AT_DEADLINE_MS = 150;
const EFFECTS = ["booking.confirmed", "booking.refund_due"];
const REPEATED_MAX = 150;
/** The nodes with the payment service. */
const PAYING = ["a", "c"] as const;

export const PAYMENT_FAULTS: readonly Fault[] = [
  {
    name: "result-at-deadline",
    what: "results come as the holds run out, while sweepers and buyers end them too",
    sparesSweeps: true,
    settings: {
      PAYMENT_DELAY_MS: String(HOLD_SECONDS * 1_000 - ON_ITS_WAY_MS),
      PAYMENT_SUCCESS_RATE: "0.8",
      PAYMENT_NEVER_RATE: "0",
    },
    holdSeconds: HOLD_SECONDS,
    async strike(stage) {
      await endingsRaced(stage, 4_000);
      return ({ bookings, facts }) => {
        const deadlines = new Map(bookings.map(({ id, expiresAt }) => [id, expiresAt]));
        return facts.some(
          ({ type, time, subject }) =>
            EFFECTS.includes(type) && Math.abs(Date.parse(time) - (deadlines.get(subject) ?? 0)) < AT_DEADLINE_MS,
        );
      };
    },
  },
  {
    name: "result-after-resale",
    what: "results are known to the provider in time and to us when the seats may have been sold again",
    settings: { PAYMENT_DELAY_MS: "1200", PAYMENT_SUCCESS_RATE: "1", PAYMENT_NEVER_RATE: "0" },
    holdSeconds: HOLD_SECONDS,
    // The half that sells on while those that pay stand still.
    apart: ["b", "c"],
    async strike({ world, random }) {
      await sleep(800);
      for (const name of PAYING) world.nodes.get(name)?.kill("SIGSTOP");
      await sleep(random.between(2_500, 4_000));
      for (const name of PAYING) world.nodes.get(name)?.kill("SIGCONT");
      return ({ facts }) => facts.some(({ data }) => (data as { reason?: string }).reason === "SEATS_GONE");
    },
  },
  {
    name: "provider-slow",
    what: "the provider takes the money after we have stopped waiting for its answer, so that it has to be asked",
    sparesSweeps: true,
    settings: { PAYMENT_DELAY_MS: String(CALL_MS + 1_500), PAYMENT_SUCCESS_RATE: "1", PAYMENT_NEVER_RATE: "0" },
    holdSeconds: 12,
    strike:
      async ({ world }) =>
      (quiet) =>
        isFoundByAsking(world, quiet),
  },
  {
    name: "results-contradict",
    what: "a payment is said to have failed and then succeeds",
    sparesSweeps: true,
    settings: { PAYMENT_SUCCESS_RATE: "1", PAYMENT_NEVER_RATE: "0" },
    async strike(stage) {
      for (let n = 0; n < 10; n++) {
        await publish(stage.world, await failuresOf(stage));
        await sleep(stage.random.between(50, 300));
      }
      return ({ bookings, facts }) => {
        const failed = new Set(bookings.flatMap(({ id, reason }) => (reason === "PAYMENT_FAILED" ? [id] : [])));
        return facts.some(({ type, subject }) => type === "payment.success" && failed.has(subject));
      };
    },
  },
  {
    name: "results-repeated",
    what: "each result and each ending is told ten times over, in any order",
    sparesSweeps: true,
    async strike({ world, random, halls, since }) {
      await sleep(1_500);
      const { facts } = await readTopics(world, since, halls);
      const ends = facts.filter(({ type }) =>
        /^(payment\.|booking\.(created|cancelled|expired|refund_due))/.test(type),
      );
      const repeated = random.some(ends, REPEATED_MAX);
      const tenfold = random.some(Array.from({ length: 10 }, () => repeated).flat(), 10 * REPEATED_MAX);
      await publish(
        world,
        tenfold.map((fact) => ({ topic: fact.type, key: fact.subject, value: JSON.stringify(fact) })),
      );
      return repeated.some(({ type }) => type.startsWith("payment."));
    },
  },
  {
    name: "provider-silent",
    what: "half of the charges are never answered",
    sparesSweeps: true,
    settings: { PAYMENT_NEVER_RATE: "0.5" },
    strike:
      async ({ world }) =>
      () =>
        isUnanswered(world),
  },
  {
    name: "provider-killed",
    what: "the provider is killed with charges open and results untold, and comes back",
    sparesSweeps: true,
    settings: { PAYMENT_PROVIDER: "webhook" },
    async strike(stage) {
      const { world } = stage;
      await sleep(500);
      await killServer(stage, "provider", [500, 2_500]);
      return ({ facts }) => world.settings.PAYMENT_PROVIDER === "webhook" && facts.some(isOfSuccess);
    },
  },
  {
    name: "payment-killed",
    what: "the nodes that charge are killed in mid-charge",
    async strike({ world, random, halls }) {
      let charging = 0;
      for (const name of PAYING) {
        charging += await ask<number>(world, "payment", CHARGING, [halls.map(({ eventId }) => eventId)]);
        await world.nodes.get(name)?.killed();
        await sleep(random.between(50, 500));
        await world.nodes.get(name)?.start();
      }
      return charging > 0;
    },
  },
  {
    name: "refund-killed",
    what: "the nodes that give money back are killed between refund and record",
    settings: { PAYMENT_SUCCESS_RATE: "1", PAYMENT_NEVER_RATE: "0", PAYMENT_DELAY_MS: "600" },
    async strike(stage) {
      const { world } = stage;
      let unrecorded = 0;
      for (const name of PAYING) {
        for (let n = 0; n < 4; n++) await publish(world, await failuresOf(stage)).then(() => sleep(200));
        world.postgres.delay(40);
        await askUntil(world, "payment", { sql: GIVEN_BACK_UNRECORDED, ms: 1_500 });
        await world.nodes.get(name)?.killed();
        unrecorded += await ask<number>(world, "payment", GIVEN_BACK_UNRECORDED);
        world.postgres.delay(0);
        await world.nodes.get(name)?.start();
      }
      return unrecorded > 0;
    },
  },
];

const isOfSuccess = ({ type }: Fact) => type === "payment.success";

const CHARGING =
  "select count(*)::int from attempts a join payments p on p.id = a.payment_id where a.state = 'CHARGING' and p.event_id = any($1)";
/** In the provider's book, and not in ours. */
const GIVEN_BACK_UNRECORDED = `
  select count(*)::int from captures c join mock_ledger l on l.refund_of = c.provider_ref where c.status = 'REFUND_DUE'`;

/** Whether money is in tickets that a later claim of its attempt found, after the first call had been given up. */
async function isFoundByAsking(world: World, { bookings }: Evidence): Promise<boolean> {
  const sold = bookings.filter(({ status }) => status === "CONFIRMED").map(({ id }) => id);
  const found = await ask<number>(
    world,
    "payment",
    `select count(*)::int from attempts a join payments p on p.id = a.payment_id
     where a.state = 'TAKEN' and a.claims > 1 and p.booking_id = any($1)`,
    [sold],
  );
  return found > 0;
}

const isUnanswered = async (world: World): Promise<boolean> =>
  (await ask<number>(
    world,
    "payment",
    "select count(*)::int from mock_ledger where kind = 'CHARGE' and planned is null",
  )) > 0;

/** Of some open bookings of the run's: that their payment failed, though the provider will say otherwise. */
async function failuresOf({ world, random, halls }: Stage): Promise<Told[]> {
  const open = await connected(world.url("payment"), async (client) => {
    const { rows } = await client.query<{ id: string; booking_id: string; event_id: string }>(
      "select id, booking_id, event_id from payments where event_id = any($1::uuid[]) order by id desc limit 40",
      [halls.map(({ eventId }) => eventId)],
    );
    return rows;
  });
  return random.some(open, 12).map(({ id, booking_id, event_id }) => {
    const data = { paymentId: id, bookingId: booking_id, eventId: event_id, reason: "CARD_DECLINED" };
    const fact = newFact("payment.failed", "eventix/payment", booking_id, data);
    return { topic: fact.type, key: booking_id, value: JSON.stringify({ ...fact, time: new Date().toISOString() }) };
  });
}

/** Sweepers run all the time, and buyers cancel at the very deadlines of their holds. */
async function endingsRaced({ world, history, buyers }: Stage, ms: number): Promise<void> {
  const sweepers = sweepersOn(world, 2, ms);
  const end = Date.now() + ms;
  const tried = new Set<string>();
  while (Date.now() < end) {
    for (const { client, booking, outcome } of history.ofKind("hold").slice(-400)) {
      if (outcome !== "ok" || !booking || tried.has(booking.id)) continue;
      const leftMs = Date.parse(booking.expiresAt) - Date.now();
      if (leftMs > 40) continue;
      tried.add(booking.id);
      if (leftMs > -50 && tried.size % 3 === 0) void buyers.get(client)?.cancel(booking.id);
    }
    await sleep(5);
  }
  await sweepers;
}
