import { setTimeout as sleep } from "node:timers/promises";
import { createKafka } from "#broker/kafka.client.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import { readFacts } from "#mixins/fact-reader.ts";
import { connected, type DatabaseService } from "#stack/postgres/databases.ts";
import { withAdmin } from "../../support/kafka-admin.ts";
import { askOn, askUntil } from "../ask.ts";
import { nodeOf } from "../blows.ts";
import type { Fault } from "../fault.ts";
import { rogue } from "../rogue.ts";
import type { World } from "../world.ts";

/** The first results of payments may be a while in coming. */
const MET_MS = 10_000;
const COMMITTED_MS = 5_000;
const DOWN_MS = [100, 1_000] as const;
const READ_MS = 10_000;

/**
 * A consumer is held up in its transaction, from then on all is lost that is sent to Kafka, and the node is killed once the
 * transaction is committed. What was lost is never told later, as it would be by a broker that only stood still: so the facts come
 * again. It bit when they stand behind the offset that Kafka has of the group, which nobody has moved since.
 */
export const CONSUMER_KILL: Fault = {
  name: "consumer-killed",
  what: "a node is killed when a consumer has committed what it read and Kafka has not heard so: it is delivered again",
  breaks: "kafka",
  async strike({ world, random, since }) {
    const service = random.pick(["booking", "payment"] as const);
    const met = await loseWhatIsTold(world, service);
    if (!met) return false;
    const node = world.nodes.get(nodeOf(met.session));
    const consumed = await committedIn(world, service, met).finally(async () => {
      await node?.killed();
      // A connection that has lost something is of no use any more: all are made anew.
      world.kafka.drop("up", false);
      world.kafka.cut();
    });
    const willComeAgain = consumed !== undefined && (await isBehindOffset(world, consumed, since));
    await sleep(random.between(...DOWN_MS));
    await node?.start();
    return willComeAgain;
  },
};

interface Consuming {
  session: string;
  /** Of its transaction. */
  began: string;
}

interface Consumed {
  consumer: string;
  factIds: string[];
}

/** A session of a consumer that is held up before it writes what it read. */
const HELD_UP = `
  select json_build_object('session', application_name, 'began', xact_start::text) from pg_stat_activity
  where application_name ~ ('^eventix-' || $1 || '@[bc]-') and wait_event_type = 'Lock' and query ilike '%processed_events%'
  limit 1`;

/**
 * Holds up the service's consumers until one on a node that may be killed is met, and loses what Kafka is told before that one
 * goes on. It waits no longer than its lock_timeout: the one that looks for it is connected before, and closed after.
 */
const loseWhatIsTold = (world: World, service: DatabaseService): Promise<Consuming | undefined> =>
  connected(world.adminUrl(service), (watcher) =>
    rogue(
      world,
      async (client) => {
        await client.query("lock table processed_events in share row exclusive mode");
        const met = await askOn<Consuming>(watcher, { sql: HELD_UP, values: [service], ms: MET_MS });
        if (met) world.kafka.drop("up", true);
        return met;
      },
      service,
    ),
  );

/** What a transaction that began then has committed: `now()` is in its rows; no row before. */
const CONSUMED_THEN = `
  select json_build_object('consumer', min(consumer), 'factIds', json_agg(fact_id)) from processed_events
  where applied_at = $1::timestamptz having count(*) > 0`;

/** Waits for it to be committed; undefined when it was not, or had nothing new in it. */
const committedIn = (world: World, service: DatabaseService, { began }: Consuming): Promise<Consumed | undefined> =>
  askUntil(world, service, { sql: CONSUMED_THEN, values: [began], ms: COMMITTED_MS });

/** Whether one of these facts stands behind what Kafka knows that the consumer's group has read. */
async function isBehindOffset(world: World, { consumer, factIds }: Consumed, since: Date): Promise<boolean> {
  const known = await withAdmin((admin) => admin.fetchOffsets({ groupId: `eventix.${consumer}` }), world.brokers());
  const told = new Map(
    known.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => [`${topic}/${partition}`, Number(offset)]),
    ),
  );
  const kafka = createKafka({ brokers: world.brokers(), clientId: "faults" });
  let behind = 0;
  await readFacts(kafka, { topics: Object.values(KAFKA_TOPICS), from: since, withinMs: READ_MS }, (records) => {
    for (const { fact, record } of records) {
      // A partition of which the group has told nothing yet is not named.
      const next = told.get(`${record.topic}/${record.partition}`) ?? 0;
      if (fact && factIds.includes(fact.id) && Number(record.offset) >= next) behind++;
    }
  });
  return behind > 0;
}
