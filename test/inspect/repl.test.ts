import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { BookingResponse } from "#contracts/booking.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import { Shop } from "../e2e/support/shop.ts";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { CTRL_C, CTRL_D, openTerminal, PROMPT, TAB, type Terminal } from "./support/terminal.ts";

const NAMESPACE = `test-${process.pid}`;

let node: TestNode;
let event: { id: string; seatIds: string[] };
let booked: BookingResponse;
const terminals: Terminal[] = [];

before(async () => {
  node = await startNode({ env: { PAYMENT_SUCCESS_RATE: "1", PAYMENT_DELAY_MS: "20" } });
  await untilReachable(node);
  const shop = new Shop(node.url);
  event = await shop.putOnSale(2);
  booked = await shop.hold("alice", event.id, event.seatIds.slice(0, 1));
  await shop.untilEnded("alice", booked.id);
});
after(async () => {
  for (const terminal of terminals) terminal.close();
  await node.stop();
});

async function openRepl(options = ""): Promise<Terminal> {
  const terminal = openTerminal(`npm run -s repl ${options}`, { NAMESPACE });
  terminals.push(terminal);
  const joined = await terminal.untilShown(PROMPT);
  assert.match(joined, new RegExp(`^Joined the cluster ${NAMESPACE} as repl-\\S+, with .*${node.nodeId}`));
  return terminal;
}

test("an operator looks at a booking, finds commands by help and completion, and leaves", async () => {
  const repl = await openRepl();
  assert.match(await repl.enter("nodes"), new RegExp(node.nodeId));
  assert.match(await repl.enter("help"), /^ +booking \[options\] <id> +Show a booking, its facts and payment\.$/m);
  assert.match(await repl.enter("help seat"), /Usage: .* seat \[options\] <event> <id\|index\|zone\/row\/number>/);

  repl.type(`boo${TAB}`);
  await repl.untilShown(/booking/);
  assert.match(
    await repl.enter(` ${booked.id}`),
    /^Booking \S+ {2}CONFIRMED\n[\s\S]*\nConfirmed at [\d:]+Z: 10\.00 EUR/,
  );
  repl.type(`why ${TAB}`);
  await repl.untilShown(booked.id);
  assert.match(await repl.enter(""), /^Confirmed at [\d:]+Z: 10\.00 EUR were taken at [\d:]+Z\.$/);
  repl.type(`event ${event.id.slice(0, 30)}${TAB}`);
  await repl.untilShown(event.id);
  assert.match(await repl.enter(""), /^seats +1 available, 0 held, 1 booked, 0 blocked$/m);

  assert.match(await repl.enter(`seat ${event.id} 0`), /^Seat (.*)\n[\s\S]*^state +BOOKED, version 2$/m);
  const [, name = ""] = /^Seat (.*)$/m.exec(await repl.enter(`seat ${event.id} 1`)) ?? [];
  assert.match(await repl.enter(`seat ${event.id} "${name}"`), /^state +AVAILABLE, version 0$/m);
  assert.deepEqual(JSON.parse(await repl.enter("sweep --json")), { expired: 0 });
  assert.match(
    await repl.enter("lag"),
    new RegExp(`^${node.nodeId} +booking\\.payment-result +payment\\.success +`, "m"),
  );
  assert.match(await repl.enter("audit"), /^I1 +ok +/m);
  assert.equal(
    await repl.enter("dlq-show booking.made 0:1"),
    `The topics are ${Object.values(KAFKA_TOPICS).join(", ")}.`,
  );
  assert.match(
    await repl.enter("dlq-show seat.changed 0:1"),
    /^There is no dead letter 0:1 of seat\.changed: npx eventix /,
  );
  assert.match(await repl.enter("outbox"), new RegExp(`^booking +\\d+ .* ${node.nodeId} `, "m"));
  assert.deepEqual(Object.keys(JSON.parse(await repl.enter("dlq --json"))), ["letters", "leftOut", "gaps"]);

  assert.match(await repl.enter("booking"), /error: missing required argument 'id'/);
  assert.equal(await repl.enter("booking 42"), 'An id looks like 019a0c7e-5b1f-7c3a-9d43-2f1e0a6b8c11, not like "42".');
  assert.equal(await repl.enter(`why ${booked.id} ${booked.id}`), "Write: why <booking>");
  assert.match(await repl.enter("bookings"), /error: unknown command 'bookings'\n\(Did you mean booking\?\)/);

  repl.type("half a line");
  repl.type(CTRL_C);
  await repl.untilShown(PROMPT);
  repl.type("exit\r");
  assert.equal(await repl.exited, 0);
  assert.doesNotMatch(node.log(), /Node 'repl-\S+' disconnected unexpectedly/);
});

test("the REPL calls actions as the operator, or as whom a call names", async () => {
  const repl = await openRepl("-- --scope ops:read");
  assert.match(await repl.enter(`call booking.inspect --id ${booked.id}`), /status: 'CONFIRMED'/);
  assert.match(await repl.enter(`call booking.get --id ${booked.id} --#user.id alice`), /status: 'CONFIRMED'/);
  assert.match(await repl.enter(`call booking.get --id ${booked.id}`), /There is no such booking/);
  assert.match(await repl.enter("dlq-retry seat.changed 0:1"), /^repl:\S+ may not retry: it has the scopes ops:read$/);
  assert.match(await repl.enter("sweep"), /^repl:\S+ may not call booking\.sweep: it has the scopes ops:read$/);
  repl.type(CTRL_D);
  assert.equal(await repl.exited, 0);
});

test("moleculer-runner's REPL joins with the same config file", async () => {
  const runner = "node node_modules/moleculer/bin/moleculer-runner.js";
  const prompt = "mol $ ";
  const repl = openTerminal(`${runner} --repl --config moleculer.config.ts`, { NAMESPACE, LOG_LEVEL: "warn" }, prompt);
  terminals.push(repl);
  await repl.untilShown(prompt);
  assert.match(await repl.enter("nodes"), new RegExp(node.nodeId));
  assert.match(await repl.enter(`call booking.availability --eventId ${event.id} --as bits`), /seatCount: 2/);
  repl.type("exit\r");
  assert.equal(await repl.exited, 0);
});

test("a node that dies under a question is told, and Ctrl-C twice leaves what is left", async () => {
  const repl = await openRepl();
  await node.kill("SIGKILL");
  const gone = /booking did not answer in time|left the cluster before it answered|No node offers booking/;
  assert.match(await repl.enter(`why ${booked.id}`), gone);
  repl.type(CTRL_C);
  await repl.untilShown(/press Ctrl\+C again/);
  repl.type(CTRL_C);
  assert.equal(await repl.exited, 0);
});
