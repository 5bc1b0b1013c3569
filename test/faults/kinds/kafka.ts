import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { newFact } from "#contracts/events.ts";
import { newId } from "#contracts/id.ts";
import { deadLetterTopic, KAFKA_TOPICS } from "#contracts/topics.ts";
import { cutAgain, killInMidst, killServer, loseReplies } from "../blows.ts";
import type { Fault, Stage } from "../fault.ts";
import { publish } from "../publish.ts";
import { rogue } from "../rogue.ts";

/** Past the sessions of consumers of facts, 6 s, and now and then of the inbox too, 10 s. */
const PAST_SESSION_MS = [7_000, 11_500] as const;
const DOWN_MS = 60_000;
/** Topics that our services read, each by one of them: what is no fact there is a dead letter of one consumer. */
const CONSUMED: readonly string[] = [
  KAFKA_TOPICS.BOOKING_CREATED,
  KAFKA_TOPICS.BOOKING_CANCELLED,
  KAFKA_TOPICS.BOOKING_EXPIRED,
  KAFKA_TOPICS.BOOKING_REFUND_DUE,
  KAFKA_TOPICS.PAYMENT_SUCCESS,
  KAFKA_TOPICS.PAYMENT_FAILED,
];

export const KAFKA_FAULTS: readonly Fault[] = [
  {
    name: "relay-killed",
    what: "a node is killed while what it publishes is on its way to a broker that does not answer",
    async strike({ world, random }) {
      const node = world.nodes.get(random.pick(["a", "b"]));
      world.signal("kafka", "SIGSTOP");
      await sleep(random.between(150, 500));
      await node?.killed();
      world.signal("kafka", "SIGCONT");
      await sleep(random.between(100, 1_000));
      await node?.start();
    },
  },
  {
    name: "consumer-killed",
    what: "a node is killed while its consumers commit, before they have told Kafka so",
    strike: (stage) => killInMidst(stage, ["b", "c"], { slowMs: 60, afterMs: [300, 700], downMs: [100, 1_000] }),
  },
  {
    name: "consumer-stopped",
    what: "a node is stopped for longer than its consumers' sessions, then goes on with what it had read",
    async strike({ world, random }) {
      const node = world.nodes.get(random.pick(["b", "c"]));
      node?.kill("SIGSTOP");
      await sleep(random.between(...PAST_SESSION_MS));
      node?.kill("SIGCONT");
    },
  },
  {
    name: "rebalance",
    what: "a consumer leaves and joins its groups twice, with facts waiting",
    async strike({ world, random }) {
      const node = world.nodes.get("c");
      for (let n = 0; n < 2; n++) {
        await node?.stop();
        await sleep(random.between(100, 600));
        await node?.start();
      }
    },
  },
  {
    name: "poison",
    what: "records that are no facts stand among the facts",
    sparesSweeps: true,
    async strike({ world, random, halls, owed }) {
      const topics = Object.values(KAFKA_TOPICS).filter((topic) => topic !== KAFKA_TOPICS.EVENT_PUBLISHED);
      const eventId = halls[0]?.eventId as string;
      const poison = [
        null,
        "",
        "not JSON",
        "{}",
        "[]",
        JSON.stringify({
          ...newFact("payment.success", "eventix/nobody", randomUUID(), {} as never),
          time: "yesterday",
        }),
        JSON.stringify({ id: newId(), type: "booking.created", data: { eventId, seats: "all" } }),
      ];
      const records = Array.from({ length: 60 }, () => ({
        topic: random.pick(topics),
        key: random.pick([eventId, randomUUID(), ""]),
        value: random.pick(poison),
      }));
      await publish(world, records);
      const read = records.filter(({ topic }) => CONSUMED.includes(topic));
      owed.push(...read.map((record) => ({ ...record, topic: deadLetterTopic(record.topic) })));
    },
  },
  {
    name: "kafka-killed",
    what: "Kafka is killed and comes back",
    sparesSweeps: true,
    strike: (stage) => killServer(stage, "kafka", [100, 1_500]),
  },
  {
    name: "kafka-down",
    what: "Kafka is down for a minute",
    sparesSweeps: true,
    long: true,
    strike: (stage) => killServer(stage, "kafka", [DOWN_MS, DOWN_MS]),
  },
  {
    name: "publish-unanswered",
    what: "Kafka takes facts and its answers are lost",
    sparesSweeps: true,
    strike: (stage) => loseReplies(stage, stage.world.kafka, [100, 600]),
  },
  {
    name: "kafka-cut",
    what: "all connections to Kafka are cut, again and again",
    sparesSweeps: true,
    strike: (stage) => cutAgain(stage, stage.world.kafka, 6, [100, 700]),
  },
  {
    name: "kafka-slow",
    what: "every word to and from Kafka takes a quarter of a second",
    sparesSweeps: true,
    async strike({ world, random }) {
      world.kafka.delay(250);
      await sleep(random.between(2_000, 4_000));
      world.kafka.delay(0);
    },
  },
  {
    name: "late-outbox-id",
    what: "a row of the outbox with a lower id is committed after higher ones were published",
    sparesSweeps: true,
    async strike(stage) {
      for (let n = 0; n < 3; n++) await commitLate(stage, stage.random.between(300, 1_200));
    },
  },
  {
    name: "consumers-late",
    what: "payment starts when the facts have long been told",
    without: ["payment"],
    async strike({ world, random }) {
      await sleep(random.between(500, 2_000));
      await world.useNodes({});
    },
  },
];

/** Tells of seats what nobody believes, since their version is none, in a fact that has to arrive all the same. */
async function commitLate({ world, halls, owed }: Stage, ms: number): Promise<void> {
  const eventId = halls[0]?.eventId as string;
  const change = { seatIndex: 0, seatId: randomUUID(), status: "AVAILABLE", version: 0 } as const;
  const fact = newFact("seat.changed", "eventix/booking", eventId, { changes: [change] });
  const value = JSON.stringify({ ...fact, time: new Date().toISOString() });
  await rogue(world, async (client) => {
    await client.query("insert into outbox (fact_id, topic, key, value) values ($1, $2, $3, $4)", [
      fact.id,
      fact.type,
      Buffer.from(eventId),
      Buffer.from(value),
    ]);
    await sleep(ms);
    await client.query("commit");
    owed.push({ topic: fact.type, key: eventId, value });
  });
}
