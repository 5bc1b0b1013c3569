import type { Fact } from "#contracts/events.ts";
import type { BatchConsumer } from "#mixins/batch-consumer.ts";
import { createPool } from "#mixins/database.mixin.ts";
import { FactConsumer } from "#mixins/fact-consumer.ts";
import { FactPublisher } from "#mixins/fact-publisher.ts";
import { factsClient } from "#mixins/facts-client.ts";
import { Relay } from "#mixins/relay.ts";
import { recordingLogger } from "../fixture.ts";

/**
 * What a node does with facts, in a process that can be killed: `relay` moves a database's outbox to Kafka, and so does `standby`,
 * which was not chosen; `consumer` notes each fact of one event in `effects`, as a member of a group. Stops on SIGTERM, and ends
 * when its parent is gone.
 */
const [what = "", url = "", group = "", eventId = ""] = process.argv.slice(2);
const { logger } = recordingLogger();
const pool = createPool(url, `${what}@${process.pid}`);
pool.on("error", () => {});
const kafka = factsClient(group, logger);

const notes: BatchConsumer = {
  name: "notes",
  topics: ["booking.cancelled"],
  async lock(tx) {
    // A batch costs something, so that a backlog lasts.
    await tx.query("select pg_sleep(0.2)");
  },
  async apply(tx, facts) {
    const ours = (facts as Fact<"booking.cancelled">[]).filter(({ data }) => data.eventId === eventId);
    await tx.query(
      `insert into effects (fact_id, subject, version, member, at)
       select *, $4, clock_timestamp() from unnest($1::uuid[], $2::text[], $3::int[])`,
      [
        ours.map(({ id }) => id),
        ours.map(({ subject }) => subject),
        ours.map(({ data }) => data.bookingVersion),
        process.pid,
      ],
    );
    return { publish: [] };
  },
};

const part =
  what === "relay" || what === "standby"
    ? new Relay(pool, new FactPublisher(kafka, logger), logger, () => what === "relay")
    : new FactConsumer(kafka, { pool, consumer: notes, name: group }, logger, () => {});
part.start();

process.on("SIGTERM", async () => {
  await part.stop();
  process.exit(0);
});
process.on("disconnect", () => process.exit(1));
