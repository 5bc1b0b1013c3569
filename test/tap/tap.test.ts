import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import type { Producer } from "kafkajs";
import { newFact } from "#contracts/events.ts";
import { FACT_PARTITIONER } from "#mixins/fact-partitioner.ts";
import { kafka } from "../facts/fixture.ts";
import { type Command, eventix, startEventix } from "../support/command.ts";
import { until } from "../support/until.ts";

/** On topics that no service reads, so that nothing follows from these facts. */
const eventId = randomUUID();
const correlationid = `tap-${randomUUID()}`;
let producer: Producer;

before(async () => {
  producer = kafka.producer({ createPartitioner: FACT_PARTITIONER, allowAutoTopicCreation: false });
  await producer.connect();
});
after(() => producer.disconnect());

const PARTITIONS = 6;
const partitioner = FACT_PARTITIONER();
const partitionMetadata = Array.from({ length: PARTITIONS }, (_, partitionId) => ({ partitionId, leader: 0 }));
const partitionOf = (key: string): number =>
  partitioner({ topic: "booking.confirmed", partitionMetadata, message: { key, value: null } } as never);
let turn = 0;

/** An id whose facts lie on another partition than those of the one before: within a partition time decides nothing. */
function nextBookingId(): string {
  turn += 1;
  for (;;) {
    const id = randomUUID();
    if (partitionOf(id) === turn % PARTITIONS) return id;
  }
}

/** Later than whatever other tests have put on the topic: what lies before a fact on its partition holds it back. */
const MUCH_LATER = Date.UTC(2100, 0, 1);

/** Confirms a booking at this millisecond of that day, as far as Kafka can tell. */
async function confirmed(ms = 0, userId = "alice", cause = correlationid): Promise<string> {
  const bookingId = nextBookingId();
  const data = {
    bookingId,
    bookingVersion: 2,
    eventId,
    userId,
    ticketReference: "AAAA-BBBB-CCCC",
    captureId: randomUUID(),
  };
  const fact = newFact("booking.confirmed", "eventix/booking", bookingId, data, { correlationid: cause });
  await put("booking.confirmed", bookingId, JSON.stringify({ ...fact, time: new Date(MUCH_LATER + ms).toISOString() }));
  return bookingId;
}

const put = (topic: string, key: string, value: string, headers: Record<string, string> = {}) =>
  producer.send({ topic, messages: [{ key, value, headers }] });

const shows = (tap: Command, what: string) =>
  until(() => tap.printed().includes(what), { what: `the tap to show ${what}` });
const OURS = ["tap", "--event", eventId];

/** Ends it as Ctrl-C does. */
async function ended(tap: Command) {
  tap.child.kill("SIGINT");
  const { code, stdout, stderr } = await tap.finished;
  assert.equal(code, 0, stderr);
  return { lines: stdout.split("\n").filter((line) => line !== ""), stderr };
}

test("facts of the past come by their time, then those that happen, until Ctrl-C", async () => {
  const late = await confirmed(3_000);
  const early = await confirmed(1_000);
  const tap = startEventix([...OURS, "--from-beginning"]);
  await shows(tap, late);
  const now = await confirmed(5_000);
  await shows(tap, now);
  const { lines, stderr } = await ended(tap);
  const order = lines.flatMap((line) => [early, late, now].filter((id) => line.includes(id)));
  assert.deepEqual(order, [early, late, now]);
  assert.match(lines[0] as string, /booking\.confirmed .* ticket AAAA-BBBB-CCCC {2}tap-/);
  assert.match(stderr, /\d+ shown/);
});

test("--json gives the facts as they lie on the topic, and dead letters only when they are asked for", async () => {
  const bookingId = await confirmed();
  await put("booking.confirmed.dlq", bookingId, `{"a dead letter of": "${bookingId}"}`);
  await put("booking.confirmed.dlq", bookingId, "no JSON");
  const end = await confirmed(9_000);
  const ours = ["tap", "--from", "1h", "--json", "--booking", bookingId, "--booking", end.toUpperCase()];
  const tap = startEventix(ours);
  await shows(tap, end);
  const { lines } = await ended(tap);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).data.bookingId),
    [bookingId, end],
  );
  const letters = startEventix([...ours, "--topic", "booking.confirmed.dlq"]);
  await shows(letters, bookingId);
  const { lines: shown, stderr } = await ended(letters);
  assert.deepEqual(shown, [`{"a dead letter of": "${bookingId}"}`]);
  assert.match(stderr, /1 left out, since they are not JSON/);
});

test("dead letters are shown, with the reason", async () => {
  const bookingId = randomUUID();
  const headers = { "eventix-consumer": "booking.payment-result", "eventix-reason": "no such booking" };
  await put("payment.success.dlq", bookingId, "x", headers);
  const tap = startEventix(["tap", "--from", "10m", "--booking", bookingId]);
  await shows(tap, "booking.payment-result: no such booking");
  await ended(tap);
});

test("facts can be narrowed by user and correlation id, and it is said that not all name a user", async () => {
  const [mine, hers, elsewhere] = [await confirmed(1, "me"), await confirmed(2), await confirmed(3, "me", "another")];
  const options = ["--from-beginning", "--user", "me", "--correlation", correlationid];
  const tap = startEventix([...OURS, ...options]);
  await shows(tap, mine);
  const { lines, stderr } = await ended(tap);
  assert.equal(lines.length, 1, `${hers} or ${elsewhere} was shown`);
  assert.match(stderr, /only facts of bookings name their user/);
});

test("--stats counts what came, by topic", async () => {
  await confirmed();
  const tap = startEventix([...OURS, "--stats", "--from-beginning", "--topic", "booking.confirmed"]);
  await until(() => /booking\.confirmed +\d/.test(tap.printed()), { what: "the counts" });
  assert.match(tap.printed(), /^Facts by topic, at \d\d:\d\d:\d\dZ\nTOPIC /m);
  const { stderr } = await ended(tap);
  assert.match(stderr, /TOPIC +FACTS +A SECOND +LATEST\nbooking\.confirmed +\d+ +\d+\.\d/);
});

test("it ends silently and well once nobody reads what it prints, though nothing more comes", async () => {
  await confirmed();
  const script = `"$NODE" cli/eventix.ts tap --event ${eventId} --from-beginning | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const shell = spawn("bash", ["-c", script], {
    env: { ...process.env, NODE: process.execPath },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, "close")]);
  assert.match(stdout, /booking\.confirmed .*\n0\n$/);
  assert.equal(stderr, "");
});

test("a Kafka that is away is said to be, and waited for until Ctrl-C", async () => {
  const tap = startEventix(["tap"], { env: { KAFKA_BROKERS: "127.0.0.1:1" } });
  await shows(tap, "trying until it does");
  const { stderr } = await ended(tap);
  assert.match(
    stderr,
    /Kafka at 127\.0\.0\.1:1 does not answer \(.*ECONNREFUSED.*\); trying until it does\. Ctrl-C ends\./,
  );
});

for (const [args, refusal] of [
  [["--topic", "booking.made"], /The topics are event\.published, .*, seat\.changed; with \.dlq/],
  [["--from", "ten minutes"], /Write a number and s, m, h or d: 10m/],
  [["--booking", "42"], /An id looks like/],
  [["--from", "1m", "--from-beginning"], /cannot be used with/],
  [["--stats", "--json"], /cannot be used with/],
] as const) {
  test(`tap ${args.join(" ")} is refused with what to write instead`, async () => {
    const { code, stdout, stderr } = await eventix(["tap", ...args]);
    assert.deepEqual({ code, stdout }, { code: 64, stdout: "" });
    assert.match(stderr, refusal);
  });
}
