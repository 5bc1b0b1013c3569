import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { rememberGateway } from "#stack/gateway.ts";
import { eventixHome } from "#stack/home.ts";
import { connected } from "#stack/postgres/databases.ts";
import { thisProcess } from "#stack/process.ts";
import { readState, writeNode, writeState } from "#stack/state.ts";
import { examine } from "../../cli/doctor/doctor.ts";
import type { Finding } from "../../cli/doctor/finding.ts";
import { EXIT } from "../../cli/exit-codes.ts";
import { eventix, NO_SERVERS_GIVEN } from "../support/command.ts";
import { adminUrl } from "../support/database.ts";

let folder: string;
let listener: Server;
let ready = 200;
const gone = { pid: process.pid, started: "another boot/1" };
/** A home beside that of the test run, and no server from its environment. */
const bare = { EVENTIX_STACK: "native", PORT: "0" };
const about = (findings: Finding[], what: string) => findings.find((finding) => finding.about === what);
const home = (name: string) => {
  const made = join(folder, name);
  mkdirSync(made, { recursive: true, mode: 0o755 });
  return made;
};

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "eventix-doctor-"));
  chmodSync(folder, 0o755);
  listener = createServer((_, response) => response.writeHead(ready).end()).listen(0, "127.0.0.1");
  await new Promise((done) => listener.once("listening", done));
});

after(() => {
  listener.close();
  rmSync(folder, { recursive: true, force: true });
});

test("on a machine that runs Eventix every line is ok, and the exit code says so", async () => {
  const { code, stdout, stderr } = await eventix(["doctor"], { env: { PORT: "0" } });
  assert.equal(code, EXIT.done, stdout + stderr);
  const lines = stdout.trim().split("\n");
  assert.equal(lines.pop(), "Eventix can run here.");
  assert.deepEqual(
    lines.filter((line) => !/^(ok|warn) {2,}\S/.test(line)),
    [""],
  );
  for (const what of [
    "Node.js",
    "EVENTIX_HOME",
    "settings",
    "port",
    "stack",
    "eventix_booking_db",
    "Redis",
    "topics",
  ]) {
    assert.match(stdout, new RegExp(`^ok {4}${what} `, "m"));
  }
});

test("what is missing is named with the command that installs it, and the exit code is that of a failure", async () => {
  const bin = join(home("no-tools"), "bin");
  mkdirSync(bin);
  symlinkSync("/usr/bin/id", join(bin, "id"));
  const env = { PATH: bin, XDG_CACHE_HOME: home("empty-cache"), EVENTIX_HOME: home("no-tools"), ...NO_SERVERS_GIVEN };
  const { code, stdout } = await eventix(["doctor", "--json"], { env });
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  assert.deepEqual([code, ok], [EXIT.failed, false]);
  for (const [what, mend] of [
    ["redis-server", /install.* redis/],
    ["Java", /install.* openjdk/],
    ["Maven", /install.* maven/],
  ] as const) {
    const finding = about(findings, what);
    assert.deepEqual([finding?.state, finding?.says.includes("not installed")], ["fail", true], what);
    assert.match(finding?.mend ?? "", mend);
  }
  assert.deepEqual(about(findings, "Docker"), {
    about: "Docker",
    state: "ok",
    says: "not installed; not needed, servers are processes",
  });
});

test("a folder that cannot be written fails; one that Postgres' user cannot enter is said, as root", async () => {
  const wrong = about(await examine("/etc/passwd/home", bare), "EVENTIX_HOME");
  assert.deepEqual([wrong?.state, wrong?.mend?.startsWith("set EVENTIX_HOME to")], ["fail", true]);
  const closed = home("closed");
  chmodSync(closed, 0o700);
  const finding = about(await examine(closed, bare), "EVENTIX_HOME");
  if (process.getuid?.() !== 0) return assert.equal(finding?.state, "ok");
  assert.equal(finding?.state, "warn");
  assert.match(finding?.says ?? "", /the user postgres cannot enter .*closed, so its data will be in/);
});

test("a wrong setting and a port that is taken are said before a start meets them", async () => {
  const wrong = await examine(home("settings"), { ...bare, POOL_SIZE: "1", SERVICES: "bookings" });
  assert.match(about(wrong, "settings")?.says ?? "", /POOL_SIZE=1: must be a whole number/);
  const unknown = await examine(home("settings"), { ...bare, SERVICES: "bookings" });
  assert.match(about(unknown, "settings")?.says ?? "", /SERVICES names "bookings".* Known are: booking, catalog/);
  const { port } = listener.address() as AddressInfo;
  const taken = about(await examine(home("settings"), { ...bare, PORT: String(port) }), "port");
  assert.deepEqual([taken?.state, taken?.mend], ["warn", `PORT=${port + 1} npm start`]);
});

test("a database without its schema, or that is not there, is named by its setting", async () => {
  const name = `eventix_doctor_${process.pid}`;
  await connected(adminUrl(), (admin) => admin.query(`create database ${name}`));
  try {
    const env = {
      ...bare,
      DATABASE_URL_CATALOG: adminUrl(name),
      DATABASE_URL_BOOKING: process.env.DATABASE_URL_BOOKING,
      DATABASE_URL_PAYMENT: "postgres://nobody:nothing@127.0.0.1:1/none",
    };
    const findings = await examine(home("databases"), env);
    const lacking = about(findings, "eventix_catalog_db");
    assert.match(lacking?.says ?? "", /^lacks 0001_catalog.ts/);
    assert.equal(lacking?.mend, "npx eventix migrate");
    assert.equal(about(findings, "eventix_booking_db")?.state, "ok");
    assert.match(
      about(findings, "eventix_payment_db")?.says ?? "",
      /^DATABASE_URL_PAYMENT cannot be used \(.*ECONNREFUSED/,
    );
  } finally {
    await connected(adminUrl(), (admin) => admin.query(`drop database ${name}`));
  }
});

test("a Kafka or Redis that does not answer is named by its setting", async () => {
  const findings = await examine(home("kafka"), {
    ...bare,
    KAFKA_BROKERS: "127.0.0.1:1",
    REDIS_URL: "redis://127.0.0.1:1",
  });
  const [topics, redis] = [about(findings, "topics"), about(findings, "Redis")];
  assert.deepEqual([redis?.state, redis?.says.startsWith("REDIS_URL does not answer (connect ECONN")], ["warn", true]);
  assert.deepEqual([topics?.state, topics?.says.startsWith("Kafka at 127.0.0.1:1 does not answer")], ["fail", true]);
});

test("servers and a node that a killed start has left are said", async () => {
  const left = home("left");
  const { servers } = readState(eventixHome());
  writeState(left, { ...readState(left), servers, owner: gone });
  writeNode(left, { starter: gone, node: thisProcess() });
  const findings = await examine(left, bare);
  assert.match(
    about(findings, "stack")?.says ?? "",
    /^postgres, redis, kafka, issuer run on from a start that was killed/,
  );
  assert.match(about(findings, "node")?.says ?? "", new RegExp(`^process ${process.pid} is left over`));
  writeState(left, { ...readState(left), owner: thisProcess() });
  assert.equal(about(await examine(left, bare), "stack")?.state, "ok");
});

test("a stack that has lost one of its servers fails, with the name of that one", async () => {
  const broken = home("broken");
  const { servers } = readState(eventixHome());
  const { redis } = servers;
  assert.ok(redis);
  writeState(broken, { ...readState(broken), servers: { ...servers, redis: { ...redis, process: gone } } as never });
  const stack = about(await examine(broken, bare), "stack");
  assert.deepEqual([stack?.state, stack?.mend], ["fail", "npx eventix up"]);
  assert.match(stack?.says ?? "", /^Redis of the stack in .*broken is not running$/);
});

test("a gateway is ready, or not, or does not answer", async () => {
  const asked = home("gateway");
  const { port } = listener.address() as AddressInfo;
  rememberGateway(asked, thisProcess(), `http://127.0.0.1:${port}`);
  const seen = async () => about(await examine(asked, bare), "gateway");
  assert.equal((await seen())?.state, "ok");
  ready = 503;
  assert.deepEqual([(await seen())?.state, (await seen())?.says.endsWith("is not ready (503)")], ["warn", true]);
  listener.close();
  listener.closeAllConnections();
  assert.deepEqual([(await seen())?.state, (await seen())?.says.endsWith("does not answer")], ["fail", true]);
});
