import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { eventixHome } from "#stack/home.ts";
import { freePort } from "#stack/ports.ts";
import { startOf } from "#stack/process.ts";
import { runningServers } from "#stack/stack.ts";
import { type Command, NO_SERVERS_GIVEN, startEventix } from "../support/command.ts";
import { until } from "../support/until.ts";

const READY_MS = 120_000;
/** One cluster on the servers of the test run; its tests build on one another, in order. */
let port: number;
let cluster: Command;
const env = () => ({
  ...NO_SERVERS_GIVEN,
  NAMESPACE: `cluster-${process.pid}`,
  ADDRESS_RATE_LIMIT_PER_MINUTE: "1000000",
});

before(async () => {
  port = await freePort();
  const counts = ["--gateway", "1", "--booking", "2", "--catalog", "1", "--payment", "1"];
  cluster = startEventix(["cluster", ...counts], { env: { ...env(), PORT: String(port) } });
  const shown = () => /^curl /m.test(cluster.printed()) || cluster.child.exitCode !== null;
  await until(shown, { what: "`eventix cluster` to be ready", ms: READY_MS });
});
after(() => cluster.child.kill("SIGTERM"));

interface Change {
  node: string;
  pid: number;
  state: string;
}

/** What it has printed of each change of a node, in order. */
const changes = (): Change[] =>
  [...cluster.printed().matchAll(/^(\S+) \(\w+, process (\d+)\): (.*)$/gm)].map(([, node = "", pid, state = ""]) => ({
    node,
    pid: Number(pid),
    state,
  }));
const named = (begin: string, state: string) =>
  changes().filter((change) => change.node.startsWith(begin) && change.state === state);
const curl = () => /^curl .*$/m.exec(cluster.printed())?.[0] as string;

test("every node is told of as it starts and gets ready, and then the address, a token and a curl line that books a seat", () => {
  for (const place of ["gateway-1", "booking-1", "booking-2", "catalog-1", "payment-1"]) {
    assert.equal(named(place, "starting").length, 1, cluster.printed());
    assert.ok(named(place, "ready").length >= 1, cluster.printed());
  }
  assert.match(cluster.printed(), new RegExp(`^Eventix is ready: http://127\\.0\\.0\\.1:${port}$`, "m"));
  assert.match(cluster.printed(), /^A token for the buyer alice/m);
  const answer = JSON.parse(execFileSync("sh", ["-c", curl()], { encoding: "utf8" }));
  assert.equal(answer.data?.status, "PENDING", JSON.stringify(answer));
});

test("a node that is killed is told of, and another takes its place, while the rest sells on", async () => {
  const [killed] = named("booking-2", "ready") as [Change];
  process.kill(killed.pid, "SIGKILL");
  await until(() => named("booking-2", "ended with signal SIGKILL, again in 1 s").length === 1, { what: "its end" });
  const next = await until(() => named("booking-2", "ready").find(({ pid }) => pid !== killed.pid), {
    what: "another to be ready",
    ms: READY_MS,
  });
  assert.notEqual(next.node, killed.node);
  const response = await fetch(`http://127.0.0.1:${port}/health`);
  const { data } = (await response.json()) as { data: { nodes: { nodeId: string }[] } };
  assert.ok(data.nodes.some(({ nodeId }) => nodeId === next.node));
});

test("when a node does not start, the others are ended too and not started again, and it is said which", async () => {
  const other = startEventix(["cluster"], { env: { ...env(), PORT: undefined, NAMESPACE: `broken-${process.pid}` } });
  const born = /^payment-1-\w+ \(payment, process (\d+)\): starting$/m;
  const [, pid] = await until(() => born.exec(other.printed()), { what: "a node to be born", ms: READY_MS });
  process.kill(Number(pid), "SIGKILL");
  const { code, stderr } = await other.finished;
  assert.equal(code, 1, other.printed());
  assert.match(stderr, /payment-1/);
  assert.doesNotMatch(other.printed(), /again in/);
  const pids = [...other.printed().matchAll(/, process (\d+)\)/g)].map(([, born]) => Number(born));
  assert.deepEqual(pids.filter(startOf), [], "no node is left");
});

test("a second one beside it takes other ports, shows its table in place on a terminal, and ends by Ctrl-C alone", async () => {
  const eventix = `stty cols 120 rows 40; exec ${process.execPath} cli/eventix.ts cluster`;
  const own = { ...process.env, ...env(), PORT: undefined, NAMESPACE: `beside-${process.pid}` };
  const terminal = spawn("script", ["-qefc", eventix, "/dev/null"], { env: own, stdio: ["pipe", "pipe", "inherit"] });
  after(() => terminal.kill("SIGTERM"));
  let shown = "";
  terminal.stdout.on("data", (chunk) => {
    shown += chunk;
  });
  const address = await until(() => /Eventix is ready: (\S+)/.exec(shown)?.[1], { what: "its address", ms: READY_MS });
  assert.notEqual(address, `http://127.0.0.1:${port}`);
  await until(async () => (await fetch(`${address}/api/events`)).ok, { what: "the other gateway" });
  const last = () => shown.split("\x1b[0J").at(-1) as string;
  await until(() => /^gateway-1-\w+ +\d+ +gateway +ready +[\d.]+ .* MB +\d+ %/m.test(last()), { what: "its table" });
  assert.equal(last().match(/^NODE +PID/gm)?.length, 1);
  terminal.stdin.write("\x03");
  const [code] = await once(terminal, "exit");
  assert.equal(code, 0, shown.slice(-2_000));
  assert.equal(last().match(/ stopped$/gm)?.length, 5, last());
  assert.ok((await fetch(`http://127.0.0.1:${port}/api/events`)).ok, "the first one goes on");
});

test("Ctrl-C stops gateways first, refuses nothing that was asked before, and leaves servers that it did not start", async () => {
  const pids = changes().map(({ pid }) => pid);
  const told: { at: number; said: string }[] = [];
  let asking = true;
  const bearer = /authorization: (Bearer [^"]+)/.exec(curl())?.[1] as string;
  const askers = Array.from({ length: 16 }, async (_, n) => {
    const path = n % 2 === 0 ? "/api/events" : "/api/bookings/019a0c7e-5b1f-7c3a-9d43-2f1e0a6b8c11";
    while (asking) {
      const at = Date.now();
      try {
        const { status } = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: bearer } });
        told.push({ at, said: String(status) });
      } catch {
        told.push({ at, said: "no gateway" });
        return;
      }
    }
  });
  await until(() => told.length > 200, { what: "load" });
  const asked = Date.now();
  cluster.child.kill("SIGINT");
  const { code } = await cluster.finished;
  asking = false;
  await Promise.all(askers);
  assert.equal(code, 0, cluster.printed());
  const kinds = (those: typeof told) => [...new Set(those.map(({ said }) => said))].sort();
  assert.deepEqual(kinds(told.filter(({ at }) => at < asked)), ["200", "404"]);
  // A gateway that ends what it has begun tells all others to come back: of what is behind it nobody misses anything.
  const later = kinds(told.filter(({ at }) => at >= asked));
  assert.deepEqual(
    later.filter((said) => !["200", "404", "503", "no gateway"].includes(said)),
    [],
  );

  const order = changes().map(({ node, state }) => `${node.replace(/-.*/, "")} ${state}`);
  const at = (change: string) => order.lastIndexOf(change);
  assert.ok(at("gateway stopped") < order.indexOf("booking stopping"), order.join("\n"));
  assert.ok(at("booking stopped") < order.indexOf("catalog stopping"), order.join("\n"));
  assert.ok(at("catalog stopped") > 0 && at("payment stopped") > 0, order.join("\n"));
  assert.deepEqual(pids.filter(startOf), [], "no node is left");
  assert.ok(runningServers(eventixHome()).includes("kafka"));
});
