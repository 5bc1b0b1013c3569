import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Shop } from "../e2e/support/shop.ts";
import { openTerminal } from "../inspect/support/terminal.ts";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { until } from "../support/until.ts";

interface Line {
  level: string;
  msg: string;
  correlationId?: string;
  [field: string]: unknown;
}

const linesOf = (node: TestNode): Line[] =>
  node
    .log()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

test("one correlation id leads from the request over both nodes to the confirmed booking, a line a step", async () => {
  const paid = { PAYMENT_SUCCESS_RATE: "1", PAYMENT_DELAY_MS: "0" };
  const [front, payment] = await Promise.all([
    startNode({ services: ["gateway", "catalog", "booking"] }),
    startNode({ services: ["payment"], env: paid }),
  ]);
  after(() => Promise.all([front.stop(), payment.stop()]));
  await untilReachable(front);
  const shop = new Shop(front.url);
  const { id, seatIds } = await shop.putOnSale(1);
  const { data } = await shop.book("alice", id, seatIds, { "x-correlation-id": "order-4711" });
  assert.equal((await shop.untilEnded("alice", data.id)).status, "CONFIRMED");

  const said = (node: TestNode) => linesOf(node).filter((line) => line.correlationId === "order-4711");
  const steps = (node: TestNode) => said(node).map(({ level, msg }) => `${level} ${msg}`);
  await until(() => steps(front).length === 2 && steps(payment).length === 1, { what: "all lines to be written" });
  assert.deepEqual(steps(front).toSorted(), [
    "info payment.success is applied by booking.payment-result: booking.confirmed",
    "info request",
  ]);
  assert.deepEqual(steps(payment), ["info booking.created is applied by payment.booking-created"]);
  const { method, route, status, user, ms, time } = said(front).find(({ msg }) => msg === "request") as Line;
  assert.deepEqual([method, route, status, user], ["POST", "/api/bookings", 201, "alice"]);
  assert.equal(typeof ms, "number");
  assert.ok(Date.parse(String(time)) > 0);
  assert.ok(said(payment).every(({ subject }) => subject === data.id || subject === undefined));
});

test("a log is JSON, and text in a terminal, though a node started there is a process of its own", async () => {
  const env = { LOG_FORMAT: "", SERVICES: "payment", NAMESPACE: `test-${process.pid}-terminal` };
  const piped = await startNode({ services: ["payment"], env });
  await piped.stop();
  assert.ok(linesOf(piped).some(({ msg }) => msg === "Node is ready."));

  const terminal = openTerminal(`${process.execPath} cli/eventix.ts node`, env);
  const shown = await terminal.untilShown(/The node is ready\./);
  assert.match(shown, /INFO.*: Node is ready\./);
  assert.ok(!shown.includes('{"level"'));
  terminal.type("\x03");
  assert.equal(await terminal.exited, 0);
});
