import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createKafka, kafkaAccess } from "#broker/kafka.client.ts";
import { readConfig } from "#config";
import { createTopics, kafkaOf } from "#stack/kafka/topics.ts";
import { silent } from "#stack/progress.ts";
import { EXIT } from "../../cli/exit-codes.ts";
import { Shop } from "../e2e/support/shop.ts";
import { eventix, startEventix } from "../support/command.ts";
import { freshDatabase } from "../support/database.ts";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { until } from "../support/until.ts";
import { type Certificates, makeCertificates } from "./support/certificates.ts";
import { LOGIN, type SecuredKafka, startSecuredKafka } from "./support/secured-kafka.ts";
import { openTlsFront, type TlsFront } from "./support/tls-front.ts";

let folder: string;
let certificates: Certificates;
let kafka: SecuredKafka;
/** How to reach that Kafka; secrets by files, as an operator would mount them. */
let env: Record<string, string>;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "eventix-secured-"));
  certificates = makeCertificates(folder);
  kafka = await startSecuredKafka(folder, certificates);
  env = {
    KAFKA_BROKERS: kafka.broker,
    KAFKA_TLS: "on",
    KAFKA_TLS_CA_FILE: certificates.caFile,
    KAFKA_TLS_CERT_FILE: certificates.client.certFile,
    KAFKA_TLS_KEY_FILE: certificates.client.keyFile,
    KAFKA_SASL_MECHANISM: "scram-sha-512",
    KAFKA_SASL_USERNAME: LOGIN.username,
    KAFKA_SASL_PASSWORD_FILE: file("kafka-password", LOGIN.password),
    TRANSIT_KEY_FILE: file("transit-key", "a password for this test only"),
  };
});
after(async () => {
  await kafka?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What a Kafka client with these settings hears. */
async function ask(change: Record<string, string | undefined>): Promise<string> {
  const access = kafkaAccess(readConfig({ ...env, ...change }));
  const admin = createKafka({ ...access, clientId: "test", onceWithinMs: 5_000 }).admin();
  try {
    await admin.connect();
    return `${(await admin.describeCluster()).brokers.length} broker`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await admin.disconnect();
  }
}

describe("a Kafka that wants TLS, a certificate and a login", () => {
  for (const mechanism of ["plain", "scram-sha-256", "scram-sha-512"]) {
    test(`is reached by ${mechanism}`, async () => {
      assert.equal(await ask({ KAFKA_SASL_MECHANISM: mechanism }), "1 broker");
    });
    test(`refuses another password by ${mechanism}`, async () => {
      const wrong = { KAFKA_SASL_PASSWORD_FILE: undefined, KAFKA_SASL_PASSWORD: "guessed" };
      assert.match(
        await ask({ ...wrong, KAFKA_SASL_MECHANISM: mechanism }),
        /authentication failed|invalid credentials/i,
      );
    });
  }

  test("is not believed without its authority", async () => {
    assert.match(await ask({ KAFKA_TLS_CA_FILE: undefined }), /unable to verify|self.signed|local issuer/i);
  });

  test("refuses who brings no certificate", async () => {
    assert.doesNotMatch(await ask({ KAFKA_TLS_CERT_FILE: undefined, KAFKA_TLS_KEY_FILE: undefined }), /1 broker/);
  });
});

describe("with Postgres, Redis and Kafka by TLS, secrets in files and calls sealed", () => {
  const fronts: TlsFront[] = [];
  const nodes: TestNode[] = [];
  let all: Record<string, string>;
  const sold: string[] = [];

  before(async () => {
    await createTopics(kafkaOf(env), silent);
    const redis = await openTlsFront("redis", Number(new URL(process.env.REDIS_URL as string).port), certificates);
    fronts.push(redis);
    all = {
      ...env,
      NODE_EXTRA_CA_CERTS: certificates.caFile,
      REDIS_URL_FILE: file("redis-url", `rediss://127.0.0.1:${redis.port}`),
      SEAT_LOCKS: "required",
      PAYMENT_SUCCESS_RATE: "1",
      PAYMENT_DELAY_MS: "20",
      // The test run's own would be given twice.
      REDIS_URL: "",
    };
    for (const service of ["catalog", "booking", "payment"] as const) {
      const url = new URL(await freshDatabase(service));
      const front = await openTlsFront("postgres", Number(url.port), certificates);
      fronts.push(front);
      url.port = String(front.port);
      url.searchParams.set("sslmode", "verify-full");
      url.searchParams.set("sslrootcert", certificates.caFile);
      const name = `DATABASE_URL_${service.toUpperCase()}`;
      Object.assign(all, { [name]: "", [`${name}_FILE`]: file(name, `${url.href}\n`) });
    }
    nodes.push(await startNode({ env: all, services: ["gateway", "catalog"] }));
    nodes.push(await startNode({ env: all, services: ["booking", "payment"] }));
    await untilReachable(nodes[0] as TestNode);
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all(fronts.map((front) => front.close()));
  });

  test("a hold on one node becomes a paid ticket on another", async () => {
    const shop = new Shop((nodes[0] as TestNode).url);
    const { id, seatIds } = await shop.putOnSale(3);
    const held = await shop.book("alice", id, seatIds.slice(0, 2));
    assert.equal(held.status, 201, JSON.stringify(held.error));
    assert.equal((await shop.untilEnded("alice", held.data.id)).status, "CONFIRMED");
    sold.push(held.data.id);
    assert(
      fronts.every((front) => front.secured() > 0),
      "each server was spoken to by TLS",
    );
  });

  const commandEnv = () => ({ ...all, NAMESPACE: `test-${process.pid}`, EVENTIX_HOME: process.env.EVENTIX_HOME });
  const commands: [args: string[], code: number, prints: RegExp][] = [
    [["lag"], EXIT.done, /booking-created/],
    [["audit", "--settle", "5s"], EXIT.done, /I1/],
    [["doctor"], EXIT.done, /ok {4}topics +all there/],
  ];
  for (const [args, code, prints] of commands) {
    test(`eventix ${args[0]} reads all of it`, async () => {
      const finished = await eventix(args, { env: commandEnv() });
      assert.match(finished.stdout, prints, finished.stderr);
      assert.equal(finished.code, code, finished.stdout + finished.stderr);
    });
  }

  test("eventix tap shows the facts", async () => {
    const command = startEventix(["tap", "--from-beginning", "--booking", sold[0] as string], { env: commandEnv() });
    await until(() => /booking\.confirmed/.test(command.printed()), { what: "the fact to be shown" });
    command.child.kill("SIGTERM");
    await command.finished;
  });

  test("a certificate that no known authority signed is refused", async () => {
    const finished = await eventix(["lag"], {
      env: { ...commandEnv(), KAFKA_TLS_CA_FILE: "", NODE_EXTRA_CA_CERTS: "" },
    });
    assert.equal(finished.code, EXIT.failed);
    assert.match(finished.stderr, /Kafka at \S+ cannot be reached \(.*(unable to verify|self-signed|local issuer)/);
  });
});
