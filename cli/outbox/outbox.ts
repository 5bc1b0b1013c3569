import { createKafka, type KafkaAccess } from "#broker/kafka.client.ts";
import { eventixHome } from "#stack/home.ts";
import { kafkaOf } from "#stack/kafka/topics.ts";
import { DATABASE_SERVICES } from "#stack/postgres/databases.ts";
import { stackEnvironment } from "#stack/stack.ts";
import type { Answer } from "../inspect/inspection.ts";
import { hindranceOf, type KafkaState } from "./hindrance.ts";
import { outboxJson, outboxText } from "./outbox-text.ts";
import { OutboxWatch } from "./outbox-watch.ts";

/** Long enough for a rate, and to see who leads. */
const LOOK_MS = 1_000;
const KAFKA_MS = 1_500;

export interface OutboxAnswer extends Answer {
  /** Whether each database could be read. */
  isWhole: boolean;
}

/** The outboxes of all services, of the stack that is up or of the environment; needs Postgres and nothing else. */
export class Outboxes {
  readonly #watches: OutboxWatch[];
  readonly #kafka: KafkaAccess;

  constructor() {
    const env = stackEnvironment(eventixHome(), process.env, ["postgres"]);
    this.#watches = DATABASE_SERVICES.map(
      (service) => new OutboxWatch(service, env[`DATABASE_URL_${service.toUpperCase()}`] ?? ""),
    );
    this.#kafka = kafkaOf({ ...process.env, ...env });
  }

  async look(ms: number = LOOK_MS): Promise<OutboxAnswer> {
    const [kafka, ...seen] = await Promise.all([
      askKafka(this.#kafka),
      ...this.#watches.map((watch) => watch.look(ms)),
    ]);
    const all = seen.map((one) => ({ seen: one, stoppedBy: hindranceOf(one, kafka) }));
    const now = new Date();
    return {
      json: { time: now.toISOString(), outboxes: all.map(outboxJson) },
      text: outboxText(all, now),
      isWhole: seen.every(({ trouble }) => trouble === undefined),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.close()));
  }
}

async function askKafka(kafka: KafkaAccess): Promise<KafkaState> {
  const { brokers } = kafka;
  if (brokers.length === 0) return { trouble: "Kafka of the stack is not running: npx eventix up", topics: [] };
  const admin = createKafka({ ...kafka, clientId: "eventix-outbox", onceWithinMs: KAFKA_MS }).admin();
  try {
    await admin.connect();
    return { topics: await admin.listTopics() };
  } catch (error) {
    const trouble = `Kafka at ${brokers.join(", ")} does not answer (${(error as Error).message}): npx eventix up`;
    return { trouble, topics: [] };
  } finally {
    await admin.disconnect().catch(() => {});
  }
}
