import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { EXIT } from "../../cli/exit-codes.ts";
import { eventix, NO_SERVERS_GIVEN } from "../support/command.ts";

let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "eventix-commands-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("`env` prints what a node of this stack needs as KEY=value lines", async () => {
  const { code, stdout } = await eventix(["env"]);
  assert.equal(code, 0);
  const printed = Object.fromEntries(
    stdout
      .trim()
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  const names = ["CATALOG", "BOOKING", "PAYMENT"].map((service) => `DATABASE_URL_${service}`);
  names.push("REDIS_URL", "KAFKA_BROKERS", "AUTH_JWKS_URI", "AUTH_ISSUER", "AUTH_AUDIENCE", "EVENTIX_HOME");
  assert.deepEqual(printed, Object.fromEntries(names.map((name) => [name, process.env[name]])));
});

test("`token` prints tokens alone, one a line, each for its name", async () => {
  const { code, stdout, stderr } = await eventix(["token", "alice", "bob", "--scope", "ops:read, ops:write"]);
  assert.equal(code, 0);
  assert.equal(stderr, "");
  const claims = stdout
    .trim()
    .split("\n")
    .map((token) => JSON.parse(Buffer.from(token.split(".")[1] as string, "base64url").toString()));
  assert.deepEqual(
    claims.map(({ sub, scope }) => [sub, scope]),
    [
      ["alice", "ops:read ops:write"],
      ["bob", "ops:read ops:write"],
    ],
  );
});

test("`token` refuses a span that it does not know", async () => {
  const { code, stderr } = await eventix(["token", "alice", "--expires", "tomorrow"]);
  assert.equal(code, EXIT.usage);
  assert.match(stderr, /Write a number and s, m, h or d: 15m/);
});

test("without a stack `env` and `token` say how to get one", async () => {
  const env = { EVENTIX_HOME: join(folder, "nowhere") };
  const printed = await eventix(["env"], { env: { ...NO_SERVERS_GIVEN, ...env } });
  assert.match(printed.stderr, /^eventix: No stack is up in .*: npx eventix up, or npm start\n$/);
  const token = await eventix(["token", "alice"], { env });
  assert.match(token.stderr, /^eventix: No local issuer has run in .*: npx eventix up/);
  assert.deepEqual([printed.code, token.code, printed.stdout, token.stdout], [1, 1, "", ""]);
});

test("`up` names what the machine lacks, with the command that installs it", async () => {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  symlinkSync("/usr/bin/id", join(bin, "id"));
  const env = { ...NO_SERVERS_GIVEN, PATH: bin, EVENTIX_HOME: join(folder, "home") };
  const { code, stderr } = await eventix(["up"], { env });
  assert.equal(code, 1);
  assert.match(stderr, /redis-server 6 or newer is not installed: .*install.* redis/);
  assert.match(stderr, /Java 17 or newer, which runs Kafka, is not installed: .*install.* openjdk/);
  assert.doesNotMatch(stderr, / {4}at /);
});

test("half of the database URLs is refused, with the names of the others", async () => {
  const env = { DATABASE_URL_PAYMENT: undefined, EVENTIX_HOME: join(folder, "home") };
  const { code, stderr } = await eventix(["up"], { env });
  assert.equal(code, EXIT.usage);
  assert.match(stderr, /DATABASE_URL_CATALOG is set, so set DATABASE_URL_PAYMENT too, or none of them/);
});
