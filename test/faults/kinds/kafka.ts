import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { newFact } from "#contracts/events.ts";
import { newId } from "#contracts/id.ts";
import { deadLetterTopic, KAFKA_TOPICS } from "#contracts/topics.ts";
import { withAdmin } from "../../support/kafka-admin.ts";
import { groupsLike, lagsOf, OUR_GROUPS } from "../../support/lag.ts";
import { ask } from "../ask.ts";
import { cutAgain, killInMidst, killServer, LEADING, loseReplies } from "../blows.ts";
import type { Fault, Stage } from "../fault.ts";
import { publish } from "../publish.ts";
import { rogue } from "../rogue.ts";
import type { World } from "../world.ts";
import { CONSUMER_KILL } from "./consumer-kill.ts";

/** Past the sessions of consumers of facts, 6 s, and now and then of the inbox too, 10 s. */
const PAST_SESSION_MS = [7_000, 11_500] as const;
const DOWN_MS = 60_000;
/** A node that leaves gives up what it consumes after lock_timeout, and has left soon after. */
const STOPPED_MS = 2_000;
const BACKLOG_MIN = 10;
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
    breaks: "kafka",
    async strike(stage) {
      const { world, random } = stage;
      const goOn = () => world.signal("kafka", "SIGCONT");
      world.signal("kafka", "SIGSTOP");
      await sleep(random.between(150, 500));
      const relaying = `${LEADING} and a.state like 'idle in transaction%'`;
      try {
        return await killInMidst(stage, { sql: relaying, withinMs: 2_000, downMs: [100, 1_000], killed: goOn });
      } finally {
        goOn();
      }
    },
  },
  CONSUMER_KILL,
  {
    name: "consumer-stopped",
    what: "a node is stopped for longer than its consumers' sessions, then goes on with what it had read",
    async strike({ world, random }) {
      const node = world.nodes.get(random.pick(["b", "c"]));
      const before = await membersOf(world);
      node?.kill("SIGSTOP");
      await sleep(random.between(...PAST_SESSION_MS));
      const left = await membersOf(world);
      node?.kill("SIGCONT");
      return left < before;
    },
  },
  {
    name: "rebalance",
    what: "a consumer leaves and joins its groups twice, with facts waiting",
    async strike({ world, random }) {
      const node = world.nodes.get("c");
      let backlog = 0;
      for (let n = 0; n < 2; n++) {
        await rogue(
          world,
          async (client) => {
            // Nothing is consumed meanwhile, so that facts wait when the consumer goes.
            await client.query("lock table processed_events in share row exclusive mode");
            await sleep(random.between(600, 1_200));
            backlog += await lagOf(world);
            await Promise.race([node?.stop(), sleep(STOPPED_MS)]);
          },
          "payment",
        );
        await node?.stop();
        await node?.start();
      }
      return backlog >= BACKLOG_MIN;
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
      return read.length > 0;
    },
  },
  {
    name: "kafka-killed",
    what: "Kafka is killed and comes back",
    breaks: "kafka",
    sparesSweeps: true,
    strike: (stage) => killServer(stage, "kafka", [100, 1_500]),
  },
  {
    name: "kafka-down",
    what: "Kafka is down for a minute",
    breaks: "kafka",
    sparesSweeps: true,
    long: true,
    strike: (stage) => killServer(stage, "kafka", [DOWN_MS, DOWN_MS]),
  },
  {
    name: "publish-unanswered",
    what: "Kafka takes facts and its answers are lost",
    breaks: "kafka",
    sparesSweeps: true,
    strike: (stage) => loseReplies(stage, stage.world.kafka, [100, 600]),
  },
  {
    name: "kafka-cut",
    what: "all connections to Kafka are cut, again and again",
    breaks: "kafka",
    sparesSweeps: true,
    strike: (stage) => cutAgain(stage, stage.world.kafka, 6, [100, 700]),
  },
  {
    name: "kafka-slow",
    what: "every word to and from Kafka takes a quarter of a second",
    sparesSweeps: true,
    async strike({ world, random }) {
      const before = world.kafka.bytes.up;
      world.kafka.delay(250);
      await sleep(random.between(2_000, 4_000));
      world.kafka.delay(0);
      return world.kafka.bytes.up > before;
    },
  },
  {
    name: "late-outbox-id",
    what: "a row of the outbox with a lower id is committed after higher ones were published",
    sparesSweeps: true,
    async strike(stage) {
      let passed = 0;
      for (let n = 0; n < 3; n++) passed += await commitLate(stage, stage.random.between(300, 1_200));
      return passed > 0;
    },
  },
  {
    name: "consumers-late",
    what: "payment starts when the facts have long been told",
    without: ["payment"],
    async strike({ world, random, halls }) {
      await sleep(random.between(500, 2_000));
      const ids = halls.map(({ eventId }) => eventId);
      const told = await ask<number>(world, "booking", "select count(*)::int from bookings where event_id = any($1)", [
        ids,
      ]);
      await Promise.all([...world.nodes.values()].map((node) => node.useAll()));
      return told > 0;
    },
  },
];

/** Of all groups of our consumers together. */
const membersOf = (world: World): Promise<number> =>
  withAdmin(async (admin) => {
    const { groups } = await admin.describeGroups(await groupsLike(admin, OUR_GROUPS));
    return groups.reduce((sum, { members }) => sum + members.length, 0);
  }, world.brokers());

/** Facts that wait for the consumers of payment. */
const lagOf = (world: World): Promise<number> =>
  withAdmin(async (admin) => {
    const lags = await lagsOf(admin, await groupsLike(admin, /^eventix\.payment\./));
    return lags.reduce((sum, { offset, end }) => sum + end - Math.max(offset, 0), 0);
  }, world.brokers());

/** Tells of seats what nobody believes, since their version is none, in a fact that has to arrive all the same. Resolves with how many passed it. */
async function commitLate({ world, halls, owed }: Stage, ms: number): Promise<number> {
  const eventId = halls[0]?.eventId as string;
  const change = { seatIndex: 0, seatId: randomUUID(), status: "AVAILABLE", version: 0 } as const;
  const fact = newFact("seat.changed", "eventix/booking", eventId, { changes: [change] });
  const value = JSON.stringify({ ...fact, time: new Date().toISOString() });
  return rogue(world, async (client) => {
    const { rows } = await client.query(
      "insert into outbox (fact_id, topic, key, value) values ($1, $2, $3, $4) returning id",
      [fact.id, fact.type, Buffer.from(eventId), Buffer.from(value)],
    );
    const id = Number(rows[0].id);
    await sleep(ms);
    const { rows: others } = await client.query(
      `select coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')), 0) - $1
              - (select count(*) from outbox where id > $1) as passed`,
      [id],
    );
    await client.query("commit");
    owed.push({ topic: fact.type, key: eventId, value });
    return Math.max(0, Number(others[0].passed));
  });
}
