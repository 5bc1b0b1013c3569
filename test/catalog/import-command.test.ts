import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { EXIT } from "../../cli/exit-codes.ts";
import { eventix } from "../support/command.ts";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { tokenFor } from "../support/token.ts";
import { type LoosePlan, smallPlan } from "./support/plans.ts";

let node: TestNode;
before(async () => {
  node = await startNode();
  await untilReachable(node);
});
const folder = mkdtempSync(join(tmpdir(), "eventix-import-"));
after(async () => {
  rmSync(folder, { recursive: true });
  await node.stop();
});

let files = 0;
function fileOf(content: unknown): string {
  files += 1;
  const file = join(folder, `plan-${files}.json`);
  const isRaw = typeof content === "string" || Buffer.isBuffer(content);
  writeFileSync(file, isRaw ? content : JSON.stringify(content));
  return file;
}

const token = tokenFor("operator", { scopes: ["catalog:write"] });
const importFile = (content: unknown, ...args: string[]) =>
  eventix(["import", fileOf(content), "--url", node.url, "--token", token, ...args]);
const EVENT = ["--event", "Gala", "--starts-at", "2030-05-01T19:30:00+02:00"];
const PRICES = ["--price", "Stalls=4500", "--price", "Circle=3000"];

interface Imported {
  venueId: string;
  eventId: string | null;
  seats: number;
  warnings: unknown[];
}

test("a plan becomes an event that is on sale when the command returns", async () => {
  const plan = smallPlan();
  plan.categories.push({ name: "Unused" });
  const { code, stdout } = await importFile(plan, ...EVENT, ...PRICES, "--max-seats", "2", "--publish");
  assert.equal(code, 0);
  const { eventId, seats, warnings } = JSON.parse(stdout) as Imported;
  assert.deepEqual([seats, warnings.length], [5, 1]);
  const availability = await fetch(`${node.url}/api/events/${eventId}/availability`);
  assert.equal(availability.status, 200);
  assert.equal(availability.headers.get("x-seat-count"), "5");
});

test("without an event the venue alone is made, and the same file again is the same venue", async () => {
  const [first, again] = [await importFile(smallPlan()), await importFile(`\uFEFF${JSON.stringify(smallPlan())}`)];
  const [a, b] = [JSON.parse(first.stdout) as Imported, JSON.parse(again.stdout) as Imported];
  assert.deepEqual([a.eventId, a.venueId], [null, b.venueId]);
});

test("the same command again is the same event, also when the first run was a draft; another start is another event", async () => {
  const plan = { ...smallPlan(), name: "Again" };
  const run = async (...args: string[]) => JSON.parse((await importFile(plan, ...EVENT, ...PRICES, ...args)).stdout);
  const [first, again, published] = [await run(), await run(), await run("--publish")];
  assert.equal(first.eventId, again.eventId);
  assert.equal(first.eventId, published.eventId);
  assert.equal((await fetch(`${node.url}/api/events/${first.eventId}`)).status, 200);
  assert.notEqual((await run("--starts-at", "2030-06-01T19:30:00+02:00")).eventId, first.eventId);
});

test("of fifty requests with one Idempotency-Key one makes the event, and the others are told that they repeat it", async () => {
  const venue = JSON.parse((await importFile(smallPlan())).stdout) as Imported;
  const event = { venueId: venue.venueId, name: "Gala", startsAt: "2030-05-01T19:30:00Z", currency: "EUR" };
  const post = async (body: object) => {
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "idempotency-key": "fifty",
    };
    const response = await fetch(`${node.url}/api/events`, { method: "POST", headers, body: JSON.stringify(body) });
    return {
      status: response.status,
      replayed: response.headers.get("idempotency-replayed"),
      text: await response.text(),
    };
  };
  const prices = { Stalls: 4500, Circle: 3000 };
  const answers = await Promise.all(Array.from({ length: 50 }, () => post({ ...event, prices })));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
  assert.equal(answers.filter(({ replayed }) => replayed === "true").length, 49);
  const { status, text } = await post({ ...event, prices: { ...prices, Stalls: 1 } });
  assert.equal(status, 422);
  assert.match(text, /IDEMPOTENCY_KEY_REUSED/);
});

test("without --publish the event is a draft", async () => {
  const { stdout } = await importFile(smallPlan(), ...EVENT, ...PRICES);
  const { eventId } = JSON.parse(stdout) as Imported;
  assert.equal((await fetch(`${node.url}/api/events/${eventId}`)).status, 404);
});

test("the last = of a price counts", async () => {
  const odd = JSON.parse(JSON.stringify(smallPlan()).replaceAll('"Circle"', '"a=b=c"'));
  const { code } = await importFile(odd, ...EVENT, "--price", "Stalls=1", "--price", "a=b=c=2");
  assert.equal(code, 0);
});

const broken = (change: (plan: LoosePlan) => void) => {
  const plan = smallPlan();
  change(plan);
  return plan;
};
const CATEGORYLESS = broken((plan) => {
  plan.zones[0].rows[1].seats[1].category = "VIP";
  plan.zones[1].note = "x";
});
const REPEATED = broken((plan) => {
  plan.zones[1].rows[0].seats[0].seat_guid = "F-1-1";
});
const SEATLESS = { ...smallPlan(), zones: [] };
const REFUSED: [what: string, content: unknown, args: string[], stderr: RegExp[]][] = [
  [
    "errors in the plan, each with its place",
    CATEGORYLESS,
    [],
    [
      /2 errors/,
      /zones\[0\]\.rows\[1\]\.seats\[1\]\.category \(zone "Floor", row "2", seat "2"\): .*"VIP"/,
      /zones\[1\]\.note/,
    ],
  ],
  ["repeated guids, and how to go on", REPEATED, [], [/already used/, /--duplicate-guids=qualify/]],
  [
    "prices that are missing, by category",
    smallPlan(),
    EVENT,
    [/--price Stalls=MINOR \(4 seats\)/, /--price Circle=MINOR/],
  ],
  ["a price for what is no category", smallPlan(), [...EVENT, ...PRICES, "--price", "Box=1"], [/no seat .*"Box"/]],
  ["a price that is no whole number", smallPlan(), [...EVENT, "--price", "Stalls=45.00"], [/CATEGORY=MINOR/]],
  ["a price given twice", smallPlan(), [...EVENT, "--price", "A=1", "--price", "A=2"], [/has a price already/]],
  ["a time without offset", smallPlan(), ["--event", "Gala", "--starts-at", "2030-05-01"], [/offset/]],
  ["an event without start", smallPlan(), ["--event", "Gala"], [/--starts-at/]],
  ["a start without event", smallPlan(), ["--publish"], [/--event/]],
  [
    "a day that does not exist",
    smallPlan(),
    ["--event", "G", "--starts-at", "2030-02-30T10:00:00Z", ...PRICES],
    [/startsAt/],
  ],
  ["what is not JSON", "# Eventix", [], [/is not JSON \(.*\): give a seating plan as pretix's editor saves it/]],
  [
    "a currency that is none",
    smallPlan(),
    [...EVENT, ...PRICES, "--currency", "EURO"],
    [/currency: must be three capital letters as in ISO 4217, like EUR$/m],
  ],
  [
    "a plan without seats for an event",
    SEATLESS,
    EVENT,
    [/^eventix: \S+ has no seats, so no event .* import it again\.\n$/],
  ],
  ["what is not text", Buffer.from([0xff, 0xfe, 0x7b, 0]), [], [/not UTF-8/]],
  ["several plans", [1, 2].map((id) => ({ id, name: "P", layout: smallPlan() })), [], [/choose one/]],
  ["another plan's id", { id: 1, name: "P", layout: smallPlan() }, ["--plan", "2"], [/no plan "2"/]],
  ["a token without scope", smallPlan(), ["--token", tokenFor("carl")], [/scope/]],
  ["a token of nobody", smallPlan(), ["--token", "abc"], [/does not accept the token/]],
  ["a gateway that is not there", smallPlan(), ["--url", "http://127.0.0.1:9"], [/does not answer/]],
];

suite("the command fails, prints nothing on stdout and says on stderr:", () => {
  for (const [what, content, args, expected] of REFUSED) {
    test(what, async () => {
      const { code, stdout, stderr } = await importFile(content, ...args);
      // Which of the two, test/stack/wrong-usage.test.ts asks.
      assert.ok(code === EXIT.failed || code === EXIT.usage, `exit code ${code}`);
      assert.equal(stdout, "");
      for (const pattern of expected) assert.match(stderr, pattern);
      assert.doesNotMatch(stderr, /\n\s+at .*\(file:/, "a stack trace is for bugs");
    });
  }
});

test("a plan without seats is a venue, as long as no event is put on it", async () => {
  const { code, stdout } = await importFile(SEATLESS);
  assert.deepEqual([code, (JSON.parse(stdout) as Imported).seats], [0, 0]);
});

test("repeated guids are imported when asked for, and each is told", async () => {
  const { code, stdout } = await importFile(REPEATED, "--duplicate-guids=qualify");
  assert.equal(code, 0);
  assert.match(JSON.stringify((JSON.parse(stdout) as Imported).warnings), /Balcony-1-F-1-1/);
});
