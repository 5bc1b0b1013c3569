import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { BookingResponse } from "#contracts/booking.ts";
import type { Scope } from "#contracts/caller.ts";
import type { SeatMap } from "#contracts/catalog.ts";
import type { NodeHealth } from "#contracts/health.ts";
import { event as eventInspection } from "../../cli/commands/event.ts";
import { lag } from "../../cli/commands/lag.ts";
import { seat as seatInspection } from "../../cli/commands/seat.ts";
import { sweep } from "../../cli/commands/sweep.ts";
import { why } from "../../cli/commands/why.ts";
import { EXIT } from "../../cli/exit-codes.ts";
import type { AskError } from "../../cli/inspect/ask.ts";
import { type Cluster, joinCluster } from "../../cli/inspect/cluster.ts";
import { SCOPES } from "../../cli/inspect/operator.ts";
import { Shop } from "../e2e/support/shop.ts";
import { eventix, NO_SERVERS_GIVEN } from "../support/command.ts";
import { withAdmin } from "../support/kafka-admin.ts";
import { startNode, type TestNode } from "../support/node.ts";
import { until } from "../support/until.ts";

const NAMESPACE = `test-${process.pid}`;
const UNKNOWN = "019a0c7e-5b1f-7c3a-9d43-2f1e0a6b8c11";

let shop: Shop;
let node: TestNode;
let payment: TestNode | undefined;
let event: { id: string; seatIds: string[] };
/** The zone that all its seats are in. */
let zone: string;
let held: BookingResponse;
/** Joined by this process: what a command asks once it has joined. */
let operator: Cluster;
const joined: Cluster[] = [];

const run = (...args: string[]) => eventix(args, { env: { NAMESPACE } });

async function joinedWith(scopes: readonly Scope[]): Promise<Cluster> {
  const caller = { id: "cli:somebody", organizer: "somebody", scopes };
  const cluster = await joinCluster({ name: "cli", caller, logLevel: "fatal" });
  joined.push(cluster);
  return cluster;
}

before(async () => {
  process.env.NAMESPACE = NAMESPACE;
  node = await startNode({ services: ["gateway", "catalog", "booking"] });
  // Never ready without payment, but it sells.
  await until(async () => (await fetch(`${node.url}/api/events`)).ok, { what: "the catalog to be found" });
  shop = new Shop(node.url);
  event = await shop.putOnSale(3);
  zone = (await shop.call<SeatMap>("GET", `/api/events/${event.id}/seats`)).data.zones[0]?.name ?? "";
  held = await shop.hold("alice", event.id, event.seatIds.slice(0, 2));
  operator = await joinedWith(SCOPES);
});
after(async () => {
  await Promise.all(joined.map((cluster) => cluster.leave()));
  await payment?.stop();
  await node.stop();
});

test("a booking is shown without the services that are away, which are named", async () => {
  const { code, stdout, stderr } = await run("booking", held.id, "--json");
  assert.deepEqual([code, stderr], [0, ""]);
  const story = JSON.parse(stdout);
  assert.deepEqual(
    [story.booking.id, story.booking.status, story.booking.userId, story.payment],
    [held.id, "PENDING", "alice", null],
  );
  assert.deepEqual(story.unavailable, { payment: "No node offers payment: start one with npm start" });
  assert.match(story.why, /^Pending until .*: what became of its payment cannot be told \(No node offers payment/);
});

test("a confirmed booking is shown with its seats, its payment and what the provider says", async () => {
  payment = await startNode({ services: ["payment"], env: { PAYMENT_SUCCESS_RATE: "1", PAYMENT_DELAY_MS: "20" } });
  await shop.untilEnded("alice", held.id);
  const [{ stdout: json }, { stdout }] = await Promise.all([
    run("booking", held.id.toUpperCase(), "--json"),
    run("booking", held.id),
  ]);
  const story = JSON.parse(json);
  const places = story.places.map(({ zone, row, number, index }: Record<string, unknown>) => [
    zone,
    row,
    number,
    index,
  ]);
  assert.deepEqual(places, [
    [zone, "1", "1", 0],
    [zone, "1", "2", 1],
  ]);
  const facts = story.facts.map((fact: Record<string, unknown>) => [fact.type, fact.correlationid, fact.published]);
  const correlation = story.booking.correlationId;
  assert.deepEqual(facts, [
    ["booking.created", correlation, true],
    ["payment.success", correlation, true],
    ["booking.confirmed", correlation, true],
  ]);
  const [attempt] = story.payment.attempts;
  assert.deepEqual([attempt.state, attempt.provider.state, attempt.provider.amountMinor], ["TAKEN", "TAKEN", 2_000]);
  assert.equal(story.payment.captures[0].id, story.booking.captureId);
  assert.deepEqual(story.unavailable, {});

  for (const line of stdout.split("\n")) assert(line.length <= 100 || line.startsWith("Confirmed"), line);
  assert.match(stdout, /^Booking \S+ {2}CONFIRMED$/m);
  assert.match(stdout, new RegExp(`^${zone}/1/1 +${event.seatIds[0]} +10.00 EUR +its own$`, "m"));
  assert.match(stdout, new RegExp(`^\\d\\d-\\d\\d [\\d:.]{12}  booking.confirmed  2  ${correlation}$`, "m"));
  assert.match(stdout, /^1 +TAKEN +1 +TAKEN +mock_\S+$/m);
  assert.equal(stripVTControlCharacters(stdout), stdout, "colours are for terminals");
});

test("`why` is one sentence", async () => {
  const { json, text } = await why.run(operator, held.id);
  assert.match(text, /^Confirmed at [\d:]+Z: 20\.00 EUR were taken at [\d:]+Z\.\n$/);
  assert.deepEqual(json, { id: held.id, status: "CONFIRMED", reason: null, why: text.trimEnd(), unavailable: {} });
});

test("an event is shown with its seats and bookings counted", async () => {
  const { json, text } = await eventInspection.run(operator, event.id);
  const { shelf, ...published } = json as Record<string, Record<string, unknown>>;
  assert.deepEqual([published.name, published.status], ["An evening", "PUBLISHED"]);
  assert.deepEqual([shelf?.status, shelf?.isOnSale, shelf?.runOut], ["ON_SALE", true, 0]);
  assert.deepEqual(shelf?.seats, { AVAILABLE: 1, HELD: 0, BOOKED: 2, BLOCKED: 0 });
  assert.deepEqual(shelf?.bookings, [{ status: "CONFIRMED", reason: null, count: 1, totalMinor: 2_000 }]);
  assert.match(text, /^seats +1 available, 0 held, 2 booked, 0 blocked$/m);
});

test("a seat is found by id, index and name in any case, with the bookings it was in", async () => {
  const [first] = event.seatIds as [string];
  const byId = (await seatInspection.run(operator, event.id, first)).json as Record<string, unknown>;
  assert.deepEqual([byId.seatId, byId.status, byId.bookingId], [first, "BOOKED", held.id]);
  const bookings = byId.bookings as { id: string; userId: string; status: string }[];
  assert.deepEqual(
    bookings.map(({ id, userId, status }) => [id, userId, status]),
    [[held.id, "alice", "CONFIRMED"]],
  );
  for (const name of ["0", `${zone}/1/1`.toLowerCase()]) {
    assert.deepEqual((await seatInspection.run(operator, event.id, name)).json, byId);
  }
});

test("`sweep` says how many bookings it expired", async () => {
  assert.deepEqual(await sweep.run(operator), { json: { expired: 0 }, text: "Nothing had run out.\n" });
});

test("`lag` asks every node what it has not applied", async () => {
  const applied = async () => {
    const told = (await lag.run(operator)).json as { nodes: NodeHealth[]; silent: object; absent: string[] };
    const read = told.nodes.flatMap(({ consumers }) => consumers);
    const isAll = ["booking.created", "payment.success"].every((topic) => read.some((one) => one.topic === topic));
    return isAll && read.every((one) => one.lag === 0) ? told : undefined;
  };
  const { nodes, silent, absent } = await until(applied, { what: "all to be applied" });
  assert.deepEqual(nodes.map(({ nodeId }) => nodeId).sort(), [node.nodeId, payment?.nodeId].sort());
  assert.deepEqual([silent, absent], [{}, []]);
  const { text } = await lag.run(operator);
  assert.match(text, new RegExp(`^${payment?.nodeId} +payment.booking-created +booking.created +0,1,2,3,4,5 +0$`, "m"));
});

test("what is not there is said in a sentence", async () => {
  const noEvent = { message: new RegExp(`^There is no published event ${UNKNOWN}: GET /api/events `) };
  const noBooking = { message: new RegExp(`^There is no booking ${UNKNOWN}: npx eventix tap `) };
  await assert.rejects(why.run(operator, UNKNOWN), noBooking);
  await assert.rejects(eventInspection.run(operator, UNKNOWN), noEvent);
  await assert.rejects(seatInspection.run(operator, UNKNOWN, "0"), noEvent);
  await assert.rejects(seatInspection.run(operator, event.id, "Stalls/9/9"), {
    message: "The event has no seat Stalls/9/9: name it by its id, its index or its zone/row/number",
  });
});

const id = randomUUID();
const READS: [action: string, params: object][] = [
  ["booking.inspect", { id }],
  ["booking.facts", { id }],
  ["booking.inspectEvent", { eventId: id }],
  ["booking.inspectSeat", { eventId: id, seatId: id }],
  ["payment.inspect", { bookingId: id }],
  ["payment.health", {}],
  ["catalog.inspectSeats", { eventId: id, seats: ["1"] }],
];

test("inspecting needs the scope ops:read, sweeping ops:write", async () => {
  const reader = await joinedWith(["ops:read"]);
  const writer = await joinedWith(["catalog:write", "ops:write"]);
  for (const [action, params] of READS) {
    await assert.rejects(writer.ask(action, params), {
      code: "FORBIDDEN",
      message: `cli:somebody may not call ${action}: it has the scopes catalog:write, ops:write`,
    });
    const answer = await reader.ask(action, params).catch((error: AskError) => error.code);
    assert.notEqual(answer, "FORBIDDEN", action);
  }
  await assert.rejects(reader.ask("booking.sweep", {}), { code: "FORBIDDEN" });
  assert.deepEqual(await writer.ask("booking.sweep", {}), { expired: 0 });
});

/** In processes of their own; `says` is all that they print. */
const FAILURES: Record<
  string,
  { args: string[]; env?: Record<string, string | undefined>; code?: number; says: RegExp }
> = {
  "what is no id": { args: ["booking", "42"], code: EXIT.usage, says: /An id looks like .*, not like "42"/ },
  "an unknown booking": {
    args: ["why", UNKNOWN],
    says: /^eventix: There is no booking 019a0c7e\S+: npx eventix tap .*\n$/,
  },
  "an empty cluster": {
    args: ["sweep"],
    env: { NAMESPACE: `${NAMESPACE}-empty` },
    says: /^eventix: No node offers booking: start one with npm start\n$/,
  },
  "no Kafka": {
    args: ["sweep"],
    env: { KAFKA_BROKERS: "127.0.0.1:9" },
    says: /^eventix: Kafka at 127\.0\.0\.1:9 cannot be reached \(.*\): npx eventix up, or npm start\n$/,
  },
  "no stack": {
    args: ["sweep"],
    env: { ...NO_SERVERS_GIVEN, EVENTIX_HOME: join(tmpdir(), `eventix-nowhere-${process.pid}`) },
    says: /^eventix: No stack is up in .*: npx eventix up, or npm start\n$/,
  },
};

test("a command that cannot answer says why, what to do, and fails", async () => {
  const runs = Object.entries(FAILURES).map(async ([name, { args, env, code: expected = EXIT.failed, says }]) => {
    const { code, stdout, stderr } = await eventix(args, { env: { NAMESPACE, ...env } });
    assert.deepEqual([code, stdout], [expected, ""], name);
    assert.match(stderr, says, name);
  });
  await Promise.all(runs);
});

test("a command leaves the cluster, and nothing of itself", async () => {
  const since = node.log().length;
  const before = await inboxes();
  assert.equal((await run("sweep")).stdout, "Nothing had run out.\n");
  await until(() => /Node 'cli-\S+' disconnected\./.test(node.log().slice(since)), {
    what: "the node to see it leave",
  });
  assert.doesNotMatch(node.log(), /Node 'cli-\S+' disconnected unexpectedly/);
  assert.deepEqual(await inboxes(), before);
});

async function inboxes(): Promise<string[]> {
  const topics = await withAdmin((admin) => admin.listTopics());
  return topics.filter((topic) => topic.startsWith(`MOL-${NAMESPACE}`)).sort();
}
