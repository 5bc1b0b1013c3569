import { setTimeout as sleep } from "node:timers/promises";
import { newFact } from "#contracts/events.ts";
import { connected } from "#stack/postgres/databases.ts";
import type { Fault, Stage } from "../fault.ts";
import { publish, type Told } from "../publish.ts";
import { readTopics } from "../read-facts.ts";
import { sweepersOn } from "../sweepers.ts";

const HOLD_SECONDS = 2;
/** The nodes with the payment service. */
const PAYING = ["a", "c"] as const;

export const PAYMENT_FAULTS: readonly Fault[] = [
  {
    name: "result-at-deadline",
    what: "results come as the holds run out, while sweepers and buyers end them too",
    sparesSweeps: true,
    settings: {
      PAYMENT_DELAY_MS: String(HOLD_SECONDS * 1_000 - 70),
      PAYMENT_SUCCESS_RATE: "0.8",
      PAYMENT_NEVER_RATE: "0",
    },
    holdSeconds: HOLD_SECONDS,
    strike: (stage) => endingsRaced(stage, 4_000),
  },
  {
    name: "result-after-resale",
    what: "results are known to the provider in time and to us when the seats may have been sold again",
    settings: { PAYMENT_DELAY_MS: "1200", PAYMENT_SUCCESS_RATE: "1", PAYMENT_NEVER_RATE: "0" },
    holdSeconds: HOLD_SECONDS,
    async strike({ world, random }) {
      await sleep(800);
      for (const name of PAYING) world.nodes.get(name)?.kill("SIGSTOP");
      await sleep(random.between(2_500, 4_000));
      for (const name of PAYING) world.nodes.get(name)?.kill("SIGCONT");
    },
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
      const tenfold = Array.from({ length: 10 }, () => ends).flat();
      await publish(
        world,
        random
          .some(tenfold, 2_000)
          .map((fact) => ({ topic: fact.type, key: fact.subject, value: JSON.stringify(fact) })),
      );
    },
  },
  {
    name: "provider-silent",
    what: "half of the charges are never answered",
    sparesSweeps: true,
    settings: { PAYMENT_NEVER_RATE: "0.5" },
    strike: async () => {},
  },
  {
    name: "payment-killed",
    what: "the nodes that charge are killed in mid-charge",
    async strike({ world, random }) {
      for (const name of PAYING) {
        await world.nodes.get(name)?.killed();
        await sleep(random.between(50, 500));
        await world.nodes.get(name)?.start();
      }
    },
  },
  {
    name: "refund-killed",
    what: "the nodes that give money back are killed between refund and record",
    settings: { PAYMENT_SUCCESS_RATE: "1", PAYMENT_NEVER_RATE: "0", PAYMENT_DELAY_MS: "600" },
    async strike(stage) {
      const { world, random } = stage;
      for (const name of PAYING) {
        for (let n = 0; n < 4; n++) await publish(world, await failuresOf(stage)).then(() => sleep(200));
        world.postgres.delay(40);
        await sleep(random.between(100, 500));
        await world.nodes.get(name)?.killed();
        world.postgres.delay(0);
        await world.nodes.get(name)?.start();
      }
    },
  },
];

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
