import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readConfig, SETTINGS } from "#config";
import { EXIT } from "../../cli/exit-codes.ts";
import { eventix, NO_SERVERS_GIVEN } from "../support/command.ts";

const POSTGRES = "postgres://user:password@host:5432/database";
const RIGHT: [name: string, ...values: string[]][] = [
  ["DATABASE_URL_BOOKING", "", "postgres://u:p@127.0.0.1:5432/db", "postgresql://db.example/x?sslmode=require"],
  ["REDIS_URL", "", "redis://redis:6379", "rediss://:secret@[::1]:6380/1", "redis://a, redis://b,redis://c:1"],
  ["AUTH_JWKS_URI", "", "http://issuer:9000/jwks.json", "https://tenant.eu.auth0.com/.well-known/jwks.json"],
  ["KAFKA_BROKERS", "", "redpanda:9092", "127.0.0.1:1, kafka_2.example:65535,"],
  ["CORS_ORIGINS", "", "https://shop.example", "http://localhost:5173, https://[::1]:8443, capacitor://localhost"],
];

const WRONG: [name: string, says: RegExp, ...values: string[]][] = [
  [
    "DATABASE_URL_CATALOG",
    new RegExp(`DATABASE_URL_CATALOG: must be a URL like ${POSTGRES}$`),
    "foo",
    "postgres",
    "postgres:foo",
    "postgres://",
    "mysql://host/db",
    "postgres://host:port/db",
    "host:5432/db",
  ],
  ["REDIS_URL", /REDIS_URL: must be a URL like redis:\/\/host:6379$/, "foo", "redis:6379", "http://host:6379", " "],
  [
    "REDIS_URL",
    /REDIS_URL: must be a URL like redis:\/\/host:6379$/,
    "redis://a,b,redis://c",
    "redis://a,,redis://b",
    ",",
  ],
  ["REDIS_URL", /REDIS_URL: must be one server, or an odd number of them$/, "redis://a,redis://b"],
  ["REDIS_URL", /REDIS_URL: names a server twice$/, "redis://a,redis://b,redis://a"],
  [
    "AUTH_JWKS_URI",
    /: must be a URL like https:\/\/TENANT\/.well-known\/jwks.json$/,
    "foo",
    "http:foo",
    "file:///jwks",
  ],
  ["KAFKA_BROKERS", /; "nonsense" is none$/, "nonsense", "a:1,nonsense"],
  [
    "KAFKA_BROKERS",
    /: must be host:port, several separated by commas/,
    ...["a", ":9092", "a:", "a:0", "a:65536", "a:b", "a:1:2", "kafka://a:1", "[::1]:9092", "a b:1", ","],
  ],
  ["CORS_ORIGINS", /: must name each origin, like https:\/\/shop.example: \* would/, "*", "*,foo", "https://*.example"],
  [
    "CORS_ORIGINS",
    /: must be origins like https:\/\/shop.example, without a path/,
    ...["foo", "shop.example:443", "https://shop.example/", "https://shop.example/a", "https://shop.example:443"],
    ...["HTTPS://shop.example", "https://user@shop.example", "https://", "null", "https:shop.example"],
  ],
];

describe("an address is taken when it can be one:", () => {
  for (const [name, ...values] of RIGHT) {
    for (const value of values) test(`${name}=${value}`, () => void readConfig({ [name]: value }));
  }
});

describe("an address that cannot be one is refused with its name:", () => {
  for (const [name, says, ...values] of WRONG) {
    for (const value of values) {
      test(`${name}=${value}`, () => assert.throws(() => readConfig({ [name]: value }), { message: says }));
    }
  }
});

test("where nothing is given the addresses are empty, as before", () => {
  const { bookingDatabaseUrl, redisUrls, authJwksUri, kafkaBrokers, corsOrigins } = readConfig({});
  assert.deepEqual(
    { bookingDatabaseUrl, redisUrls, authJwksUri, kafkaBrokers, corsOrigins },
    { bookingDatabaseUrl: "", redisUrls: [], authJwksUri: "", kafkaBrokers: [], corsOrigins: [] },
  );
});

test("a refusal shows no password", () => {
  const names = Object.values(SETTINGS).flatMap((one) => ("isSecret" in one ? [one.env] : []));
  assert.deepEqual(names, [
    ...["DATABASE_URL_CATALOG", "DATABASE_URL_BOOKING", "DATABASE_URL_PAYMENT", "REDIS_URL"],
    ...["KAFKA_TLS_CA", "KAFKA_TLS_CERT", "KAFKA_TLS_KEY", "KAFKA_SASL_PASSWORD", "TRANSIT_KEY"],
    ...["PAYMENT_API_KEY", "PAYMENT_WEBHOOK_SECRETS"],
  ]);
  const refused = () => readConfig(Object.fromEntries(names.map((name) => [name, "postgre://u:s3cret@host/db"])));
  assert.throws(refused, (error: Error) => !error.message.includes("s3cret"));
});

const ID = "019a0c7e-5b1f-7c3a-9d43-2f1e0a6b8c11";
const PLAN = join(import.meta.dirname, "../../plans/theatre.json");
const COMMANDS = [
  "start",
  "node",
  "up",
  "env",
  "migrate",
  "token alice",
  "seed",
  `import ${PLAN}`,
  "audit",
  "tap",
].concat(["repl", `event ${ID}`, `seat ${ID} 1`, `booking ${ID}`, `why ${ID}`, "sweep", "lag"]);

describe("a wrong address is told at once, before anything is done, by", { concurrency: 2 }, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "eventix-settings-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const run = (command: string, env: Record<string, string>) => {
    const home = join(folder, "home");
    return eventix(command.split(" "), {
      env: { ...NO_SERVERS_GIVEN, EVENTIX_HOME: home, EVENTIX_STACK: "native", PORT: "0", ...env },
    });
  };

  for (const command of COMMANDS) {
    test(command, async () => {
      const { code, stdout, stderr } = await run(command, { KAFKA_BROKERS: "nonsense" });
      assert.deepEqual([code, stdout], [EXIT.usage, ""]);
      assert.match(
        stderr,
        /^eventix: These settings are not valid:\n {2}KAFKA_BROKERS=nonsense: must be host:port.*\n$/,
      );
      assert.equal(existsSync(join(folder, "home")), false);
    });
  }

  test("the doctor, which then goes on with what else there is to say", async () => {
    const { code, stdout } = await run("doctor", { KAFKA_BROKERS: "nonsense", REDIS_URL: "foo" });
    assert.equal(code, EXIT.usage);
    assert.match(stdout, /^fail {2}settings +KAFKA_BROKERS=nonsense: must be|^fail {2}settings +REDIS_URL: must be/m);
    assert.match(stdout, /^ok {4}port +any that is free$/m);
    assert.doesNotMatch(stdout, /^\w+ +(topics|Redis) /m);
  });

  test("but not by `down`, which ends what runs whatever the settings are", async () => {
    assert.equal((await run("down", { KAFKA_BROKERS: "nonsense" })).code, EXIT.done);
  });
});
