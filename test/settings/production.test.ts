import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readConfig, SettingsError, withoutDevelopment } from "#config";
import { LOCAL_ISSUER } from "#stack/issuer/token.ts";
import { EXIT } from "../../cli/exit-codes.ts";
import { composeFile, variables } from "../stack/support/compose-file.ts";

const RIGHT = {
  NODE_ENV: "production",
  DATABASE_URL_BOOKING: "postgres://eventix_booking:fgZ3kq0w8R@db/eventix_booking_db?sslmode=verify-full",
  REDIS_URL: "rediss://:n7Bq2mXx@redis:6380",
  KAFKA_BROKERS: "kafka:9093",
  AUTH_JWKS_URI: "https://tenant.eu.auth0.com/.well-known/jwks.json",
  AUTH_ISSUER: "https://tenant.eu.auth0.com/",
  PAYMENT_PROVIDER: "mock",
  TRANSIT_KEY: "u8Zp1vK4yQm7Ld2Xs9Wb",
};

const settled = (env: Record<string, string>) => withoutDevelopment(readConfig(env), env);

test("in production a node starts with settings of its own", () => {
  assert.equal(settled(RIGHT).nodeEnv, "production");
});

describe("in production a node is not started, and says what to set, with", () => {
  const cases: [what: string, change: Record<string, string>, says: RegExp][] = [
    [
      "an issuer on this machine",
      { AUTH_JWKS_URI: "http://127.0.0.1:9000/jwks.json" },
      /AUTH_JWKS_URI=.*must be an https/,
    ],
    ["an issuer by http", { AUTH_JWKS_URI: "http://issuer.example/jwks.json" }, /AUTH_JWKS_URI=.*must be an https/],
    ["the local issuer", { AUTH_ISSUER: LOCAL_ISSUER }, /AUTH_ISSUER=.*for development.*set the issuer of your tokens/],
    [
      "compose's password",
      { DATABASE_URL_BOOKING: "postgres://eventix_booking:eventix@db/x" },
      /DATABASE_URL_BOOKING: has a password that anybody would try first/,
    ],
    [
      "a user for a password",
      { DATABASE_URL_PAYMENT: "postgres://pay:pay@db/x" },
      /DATABASE_URL_PAYMENT: has a password/,
    ],
    ["such a password of Redis", { REDIS_URL: "redis://:eventix@redis" }, /REDIS_URL: has a password/],
    [
      "a login to Kafka that can be overheard",
      { KAFKA_SASL_MECHANISM: "plain", KAFKA_SASL_USERNAME: "a", KAFKA_SASL_PASSWORD: "b" },
      /KAFKA_TLS=off: must be on/,
    ],
    ["calls between nodes that anybody could make", { TRANSIT_KEY: "" }, /TRANSIT_KEY: must be set.*openssl rand/],
    ["a provider by http", { PAYMENT_API_URL: "http://api.provider.example" }, /PAYMENT_API_URL=.*must be an https/],
    ["a provider that nobody named", { PAYMENT_PROVIDER: "" }, /PAYMENT_PROVIDER: must be set.*set mock if/],
  ];
  for (const [what, change, says] of cases) {
    test(what, () => {
      const refused = (error: Error) => {
        assert(error instanceof SettingsError);
        assert.match(error.message, says);
        assert.match(error.message, /DEVELOPMENT_SETTINGS=allowed takes them all the same/);
        return error.wrong.length === 2;
      };
      assert.throws(() => settled({ ...RIGHT, ...change }), refused);
      const unset = { ...RIGHT, ...change, NODE_ENV: "" };
      assert.doesNotThrow(() => settled(unset), "elsewhere it is taken");
      assert.doesNotThrow(() => settled({ ...unset, NODE_ENV: "production", DEVELOPMENT_SETTINGS: "allowed" }));
      assert.throws(() => settled({ ...unset, DEVELOPMENT_SETTINGS: "refused" }), refused);
    });
  }
});

test("a provider is asked for only where payment runs", () => {
  assert.doesNotThrow(() => settled({ ...RIGHT, PAYMENT_PROVIDER: "", SERVICES: "gateway,catalog,booking" }));
});

test("compose's nodes, which run the image, say that theirs is development; all else of it is refused", () => {
  assert.equal(variables().get("DEVELOPMENT_SETTINGS"), "allowed");
  const { gateway, booking, payment } = composeFile().services;
  const wrong = [gateway, booking, payment].flatMap((node) => {
    const env = { ...node?.environment, NODE_ENV: "production", DEVELOPMENT_SETTINGS: "auto" };
    try {
      settled(env);
      return [];
    } catch (error) {
      return (error as SettingsError).wrong.filter((name) => name !== "DEVELOPMENT_SETTINGS");
    }
  });
  const expected = ["AUTH_JWKS_URI", "AUTH_ISSUER", "DATABASE_URL_BOOKING", "DATABASE_URL_PAYMENT", "PAYMENT_PROVIDER"];
  assert.deepEqual(new Set(wrong), new Set(["TRANSIT_KEY", ...expected]));
});

const ROOT = join(import.meta.dirname, "../..");
for (const [how, args] of [
  ["by itself", ["broker/node.ts"]],
  [
    "by moleculer-runner",
    ["node_modules/moleculer/bin/moleculer-runner.js", "--config", "moleculer.config.ts", "services"],
  ],
] as const) {
  test(`a node started ${how} in production ends at once with what is wrong, and shows no secret`, () => {
    const { PATH } = process.env;
    const env = {
      PATH,
      ...RIGHT,
      AUTH_JWKS_URI: "http://issuer/",
      DATABASE_URL_CATALOG: "postgres://a:eventix@hidden/x",
    };
    const { status, stderr, stdout } = spawnSync(process.execPath, args, {
      cwd: ROOT,
      env,
      encoding: "utf8",
      timeout: 30_000,
    });
    assert.notEqual(status, 0);
    if (how === "by itself") assert.deepEqual([status, stdout], [EXIT.usage, ""]);
    const said = stderr + stdout;
    for (const name of ["AUTH_JWKS_URI=http://issuer/", "DATABASE_URL_CATALOG: has a password"])
      assert(said.includes(name), said);
    assert(!said.includes("hidden"));
  });
}
