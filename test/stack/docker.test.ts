import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { eventixHome, makeHome } from "#stack/home.ts";
import { connected } from "#stack/postgres/databases.ts";
import { isRunning } from "#stack/process.ts";
import { silent } from "#stack/progress.ts";
import { type Stack, stackDown, stackEnvironment, stackUp } from "#stack/stack.ts";
import { readState, writeState } from "#stack/state.ts";
import { examine } from "../../cli/doctor/doctor.ts";
import { until } from "../support/until.ts";
import type { Call, Plan } from "./support/docker-stand-in.ts";

/** What a stand-in for Docker shows and does not show is said there. The tests from the first `up` on build on one another. */
let folder: string;
let home: string;
let first: Stack;
const given = process.env.PATH;
const real = {
  postgres: Number(new URL(process.env.DATABASE_URL_CATALOG as string).port),
  redis: Number(new URL(process.env.REDIS_URL as string).port),
  redpanda: Number(process.env.KAFKA_BROKERS?.split(":")[1]),
};

const plan = (changes: Partial<Plan> = {}) =>
  writeFileSync(join(folder, "plan.json"), JSON.stringify({ targets: real, ...changes }));
const calls = (): Call[] =>
  readFileSync(join(folder, "calls.jsonl"), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
/** The words after `docker compose`'s own options, of each call that changed something. */
const changes = () =>
  calls().flatMap(({ args }) => {
    const words = args.slice(args.indexOf("--file") + 2);
    return ["up", "down"].includes(words[0] as string) ? [words.join(" ")] : [];
  });
const up = (env: NodeJS.ProcessEnv = {}) => stackUp({ home, env, say: silent });

/** A home whose passwords are those of the test run's Postgres, which stands behind the stand-in's. */
function newHome(name: string): string {
  const made = join(folder, name);
  makeHome(made);
  writeState(made, { ...readState(made), passwords: readState(eventixHome()).passwords });
  return made;
}

before(() => {
  folder = mkdtempSync(join(tmpdir(), "eventix-docker-"));
  mkdirSync(join(folder, "bin"));
  const main = join(import.meta.dirname, "support/docker-stand-in.ts");
  writeFileSync(join(folder, "bin/docker"), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
  process.env.PATH = `${join(folder, "bin")}${delimiter}${given}`;
  process.env.DOCKER_STAND_IN = folder;
  home = newHome("home");
});

beforeEach(() => {
  plan();
  writeFileSync(join(folder, "calls.jsonl"), "");
});

after(async () => {
  plan();
  await stackDown({ home, say: silent });
  process.env.PATH = given;
  rmSync(folder, { recursive: true, force: true });
});

test("`up` has Compose start the three servers at once, on ports and with passwords of this home", async () => {
  first = await up();
  assert.deepEqual(first.started.sort(), ["issuer", "kafka", "postgres", "redis"]);
  assert.deepEqual(changes(), ["up --detach --wait --force-recreate postgres redis redpanda"]);
  const { ports, passwords, project } = readState(home);
  const { args, env } = calls().find((call) => call.args.includes("up")) as Call;
  assert.equal(args[args.indexOf("--project-name") + 1], project);
  assert.deepEqual(env, {
    COMPOSE_PROFILES: "",
    EVENTIX_POSTGRES_PORT: String(ports.postgres?.postgres),
    EVENTIX_REDIS_PORT: String(ports.redis?.redis),
    EVENTIX_KAFKA_PORT: String(ports.kafka?.kafka),
    EVENTIX_ADMIN_PASSWORD: passwords.eventix_admin,
    EVENTIX_CATALOG_PASSWORD: passwords.eventix_catalog,
    EVENTIX_BOOKING_PASSWORD: passwords.eventix_booking,
    EVENTIX_PAYMENT_PASSWORD: passwords.eventix_payment,
  });
});

test("the environment leads to the containers, whose databases and topics are there", async () => {
  const { ports } = readState(home);
  const { DATABASE_URL_BOOKING: url, REDIS_URL, KAFKA_BROKERS } = first.env as Record<string, string>;
  assert.equal(new URL(url as string).port, String(ports.postgres?.postgres));
  assert.equal(REDIS_URL, `redis://127.0.0.1:${ports.redis?.redis}`);
  assert.equal(KAFKA_BROKERS, `127.0.0.1:${ports.kafka?.kafka}`);
  const { rows } = await connected(url as string, (client) => client.query("select current_database() as name"));
  assert.deepEqual(rows, [{ name: "eventix_booking_db" }]);
  assert.deepEqual(stackEnvironment(home, {}), first.env);
});

test("another `up` finds them and starts nothing", async () => {
  const again = await up();
  assert.deepEqual([again.started, changes()], [[], []]);
  assert.deepEqual(again.env, first.env);
});

test("containers that a killed run left without a word are found by their project", async () => {
  const state = readState(home);
  const { postgres: _, redis: __, kafka: ___, ...servers } = state.servers;
  writeState(home, { ...state, servers, ports: {} });
  const again = await up();
  assert.deepEqual([again.started, changes()], [[], []]);
  assert.deepEqual(again.env, first.env);
});

test("one that ended is started again alone, on its port", async () => {
  const { redis } = readState(home).servers;
  process.kill(Number(redis?.container?.split("-").at(-1)), "SIGKILL");
  const { started, env } = await up();
  assert.deepEqual(started, ["redis"]);
  assert.deepEqual(changes(), ["up --detach --wait --force-recreate redis"]);
  assert.equal(env.REDIS_URL, first.env.REDIS_URL);
});

test("what the environment gives is not started in Docker", async () => {
  const other = newHome("given");
  const env = { REDIS_URL: "redis://127.0.0.1:1", KAFKA_BROKERS: process.env.KAFKA_BROKERS };
  const stack = await stackUp({ home: other, env, say: silent });
  assert.deepEqual(changes(), ["up --detach --wait --force-recreate postgres"]);
  assert.equal(stack.env.REDIS_URL, env.REDIS_URL);
  assert.notEqual(readState(other).project, readState(home).project);
  assert.notEqual(readState(other).ports.postgres?.postgres, readState(home).ports.postgres?.postgres);
  await stackDown({ home: other, say: silent });
});

test("a port that is lost between choosing and binding is chosen again; another failure is told, and nothing is left", async () => {
  const other = newHome("failing");
  const start = () => stackUp({ home: other, env: {}, say: silent });
  plan({ upFails: "Error response from daemon: Bind for 127.0.0.1:1 failed: port is already allocated" });
  await assert.rejects(start(), /docker compose up failed.*port is already allocated/s);
  assert.equal(changes().filter((words) => words.startsWith("up")).length, 3);
  writeFileSync(join(folder, "calls.jsonl"), "");
  plan({ upFails: "manifest for postgres:18.4 not found" });
  await assert.rejects(start(), {
    name: "StackError",
    message:
      /^docker compose up failed; .* docker compose -p eventix-\w+ logs\. .*EVENTIX_STACK=native.*\nmanifest .* not found$/s,
  });
  assert.deepEqual(
    changes().map((words) => words.split(" ")[0]),
    ["up", "down"],
  );
  assert.deepEqual(readState(other).servers, {});
});

test("Ctrl-C while images are fetched ends the fetching, and takes down what it began", async () => {
  const other = newHome("interrupted");
  plan({ upHangs: true });
  const wish = new AbortController();
  const start = stackUp({ home: other, env: {}, say: silent, signal: wish.signal });
  start.catch(() => {});
  await until(() => changes().length === 1, { what: "`compose up` to hang" });
  wish.abort();
  await assert.rejects(start, { name: "AbortError" });
  assert.deepEqual(
    changes().map((words) => words.split(" ")[0]),
    ["up", "down"],
  );
});

test("the doctor says what servers run in, and what is wrong with it", async () => {
  const about = async (what: string) =>
    (await examine(home, { PORT: "0" })).find((finding) => finding.about === what) ?? assert.fail(what);
  assert.match((await about("Docker")).says, /^engine 28\.2\.2, Compose 2\.39\.1; servers run in it$/);
  assert.match((await about("stack")).says, /^up: postgres, redis, kafka, issuer/);
  plan({ engine: "gone" });
  const finding = await about("Docker");
  assert.equal(finding.state, "fail");
  assert.match(finding.mend ?? "", /^start Docker/);
});

test("a home whose data is in Docker says so when the engine is gone, instead of starting with none", async () => {
  plan({ engine: "gone" });
  assert.throws(
    () => stackEnvironment(home, {}),
    /^StackError: Postgres of the stack in .* is not running: npx eventix up$/,
  );
  await assert.rejects(up(), {
    name: "StackError",
    message: /is in Docker volumes, but no Docker engine .* answers: start Docker .* EVENTIX_STACK=native/,
  });
});

for (const engine of ["gone", "no-compose", "hangs"] as const) {
  test(`with an engine that is ${engine} the servers are processes, from then on without asking`, async () => {
    const other = newHome(engine);
    plan({ engine });
    // Redis and the issuer alone: the quick ones.
    const { DATABASE_URL_CATALOG, DATABASE_URL_BOOKING, DATABASE_URL_PAYMENT, KAFKA_BROKERS } = process.env;
    const env = { DATABASE_URL_CATALOG, DATABASE_URL_BOOKING, DATABASE_URL_PAYMENT, KAFKA_BROKERS };
    const begun = performance.now();
    await stackUp({ home: other, env, say: silent });
    assert.ok(performance.now() - begun < 15_000);
    assert.ok(isRunning(readState(other).servers.redis?.process));
    writeFileSync(join(folder, "calls.jsonl"), "");
    await stackUp({ home: other, env, say: silent });
    assert.deepEqual(await stackDown({ home: other, say: silent }), ["redis", "issuer"]);
    assert.deepEqual(calls(), []);
  });
}

test("EVENTIX_STACK decides, and is refused when it says neither", async () => {
  await assert.rejects(up({ EVENTIX_STACK: "podman" }), /EVENTIX_STACK=podman: write native or docker/);
  plan({ engine: "gone" });
  const other = newHome("wished");
  const start = stackUp({ home: other, env: { EVENTIX_STACK: "docker" }, say: silent });
  await assert.rejects(start, /^StackError: EVENTIX_STACK=docker is set, but no Docker engine .* answers/);
});

test("`down` ends the containers and keeps their volumes, unless it is told to remove them", async () => {
  const { issuer } = readState(home).servers;
  assert.deepEqual(await stackDown({ home, say: silent }), ["postgres", "redis", "kafka", "issuer"]);
  assert.equal(isRunning(issuer?.process), false);
  assert.throws(() => stackEnvironment(home, {}), /No stack is up/);
  await stackDown({ home, say: silent, volumes: true });
  assert.deepEqual(changes(), ["down --timeout 5", "down --timeout 5 --volumes"]);
  const again = await up();
  assert.equal(again.env.DATABASE_URL_BOOKING, first.env.DATABASE_URL_BOOKING, "the address stays");
});
