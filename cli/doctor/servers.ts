import pg from "pg";
import type { KafkaAccess } from "#broker/kafka.client.ts";
import { pendingMigrations } from "#mixins/schema.repository.ts";
import { gatewayUrl } from "#stack/gateway.ts";
import { kafkaOf, wrongTopics } from "#stack/kafka/topics.ts";
import { DATABASE_SERVICES, type DatabaseService, databaseOf, urlVariable } from "#stack/postgres/databases.ts";
import { redisAnswers } from "#stack/redis/redis.ts";
import { stackEnvironment } from "#stack/stack.ts";
import { type Finding, fail, ok, type World, warn } from "./finding.ts";

const ANSWER_MS = 3_000;

/** What is in the servers that are up or given; of the others, and at an address that is none, there is nothing to say. */
export async function servers({ home, env, wrong }: World): Promise<Finding[]> {
  const up = stackEnvironment(home, env, []);
  for (const name of wrong) delete up[name];
  const checks = DATABASE_SERVICES.flatMap((service) => {
    const url = up[urlVariable(service)];
    return url ? [database(service, url)] : [];
  });
  if (up.REDIS_URL) checks.push(redis(up.REDIS_URL.split(",").map((url) => url.trim())));
  if (up.KAFKA_BROKERS) checks.push(topics(kafkaOf({ ...env, ...up })));
  return [...(await Promise.all(checks)), ...(await gateway(home))];
}

async function database(service: DatabaseService, url: string): Promise<Finding> {
  const about = databaseOf(service);
  const pool = new pg.Pool({ connectionString: url, max: 1, connectionTimeoutMillis: ANSWER_MS });
  pool.on("error", () => {});
  try {
    const pending = await pendingMigrations(pool, service);
    if (pending.length === 0) return ok(about, "answers, with the current schema");
    return fail(about, `lacks ${pending.join(", ")}`, "npx eventix migrate");
  } catch (error) {
    const says = `${urlVariable(service)} cannot be used (${(error as Error).message || (error as { code?: string }).code})`;
    return fail(about, says, "npx eventix up, or correct the URL in the environment");
  } finally {
    await pool.end();
  }
}

async function redis(urls: readonly string[]): Promise<Finding> {
  const answers = await Promise.allSettled(urls.map(redisAnswers));
  const errors = answers.flatMap((answer) => (answer.status === "rejected" ? [(answer.reason as Error).message] : []));
  if (errors.length === 0) return ok("Redis", urls.length === 1 ? "answers" : `all ${urls.length} answer`);
  const who = urls.length === 1 ? "REDIS_URL does" : `${errors.length} of the ${urls.length} of REDIS_URL do`;
  const isLost = errors.length > urls.length / 2;
  const so = isLost ? "without it Postgres alone keeps seats apart" : "the others grant the locks";
  return warn("Redis", `${who} not answer (${errors.join("; ")}); ${so}`, "npx eventix up, or correct REDIS_URL");
}

async function topics(kafka: KafkaAccess): Promise<Finding> {
  try {
    const { missing, otherPartitions } = await wrongTopics(kafka);
    if (missing.length > 0) return fail("topics", `Kafka lacks ${missing.join(", ")}`, "npx eventix up");
    if (otherPartitions.length === 0) return ok("topics", "all there, with their partitions");
    const mend = "in development remove EVENTIX_HOME and start again; elsewhere stop all nodes and move the topic";
    return warn("topics", `${otherPartitions.join(", ")}: keys may come out of order`, mend);
  } catch (error) {
    const says = `Kafka at ${kafka.brokers.join(", ")} does not answer (${(error as Error).message})`;
    return fail("topics", says, "npx eventix up, or correct KAFKA_BROKERS");
  }
}

async function gateway(home: string): Promise<Finding[]> {
  let url: string;
  try {
    url = gatewayUrl(home);
  } catch {
    return [];
  }
  try {
    const { ok: isReady, status } = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (isReady) return [ok("gateway", `${url} is ready`)];
    return [warn("gateway", `${url} is not ready (${status})`, `curl ${url}/health says what it waits for`)];
  } catch {
    return [
      fail(
        "gateway",
        `${url} runs but does not answer`,
        "stop npm start or npm run node with Ctrl-C, and start it again",
      ),
    ];
  }
}
