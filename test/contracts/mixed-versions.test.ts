import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { parseFact } from "#contracts/events.ts";
import { freePort } from "#stack/ports.ts";
import { lossesOf, problemsWith } from "./support/packed.ts";
import type { Contract } from "./support/record.ts";

/**
 * Nodes of two versions share one bus and one set of topics while an upgrade rolls. Each version that was let out has its contract
 * in recorded/, taken from real traffic by `RECORD=VERSION npm test -- test/contracts/mixed-versions.test.ts`, and is never
 * changed afterwards. What is said by the code as it is now is recorded anew for this test.
 */
const FOLDER = join(import.meta.dirname, "recorded");
const older = readdirSync(FOLDER).map((name) => JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as Contract);
let now: Contract;

before(async () => {
  const port = await freePort();
  Object.assign(process.env, { PORT: String(port), NAMESPACE: `contract-${process.pid}`, PAYMENT_SUCCESS_RATE: "1" });
  Object.assign(process.env, { PAYMENT_DELAY_MS: "1500", LOG_LEVEL: "error" });
  // Reads the environment when it is imported.
  const { recordContract } = await import("./support/record.ts");
  const version = process.env.RECORD ?? "now";
  now = await recordContract(version, `http://127.0.0.1:${port}`);
  if (process.env.RECORD) writeFileSync(join(FOLDER, `${version}.json`), `${JSON.stringify(now, null, 1)}\n`);
});

/** Not called in the scenario: health and load are asked for by whoever looks, webhooks need a provider. */
const NOT_CALLED = [
  ...["booking", "catalog", "gateway", "payment"].flatMap((service) => [`${service}.health`, `${service}.load`]),
  "payment.receiveEvent",
];

test("the scenario calls every action, so that what is said of it is seen", () => {
  const silent = Object.entries(now.actions).filter(([, { call }]) => !call);
  assert.deepEqual(
    silent.map(([name]) => name).filter((name) => !NOT_CALLED.includes(name)),
    [],
  );
  assert.ok(older.length > 0);
});

for (const was of older) {
  describe(`beside a node of ${was.version}`, () => {
    for (const [name, { access, params, call }] of Object.entries(was.actions)) {
      test(`${name}: each takes what the other asks, and finds in the answer what it looks for`, () => {
        const is = now.actions[name] ?? assert.fail("an older node calls it still");
        assert.deepEqual(is.access, access, "who may call it differs with the node that is asked");
        if (!call || !is.call) return;
        assert.deepEqual(problemsWith(is.params, call.params), [], "an older caller would be refused");
        assert.deepEqual(problemsWith(params, is.call.params), [], "an older node would refuse us");
        assert.deepEqual(lossesOf(call.meta, is.call.meta), [], "an older node looks for it in the call's meta");
        assert.deepEqual(lossesOf(call.result, is.call.result), [], "an older caller looks for it");
      });
    }

    for (const [topic, { schema, sample }] of Object.entries(was.facts)) {
      test(`${topic}: each understands the other's facts`, () => {
        if (sample) assert.equal(parseFact(topic, JSON.stringify(sample)).ok, true, "its facts would be dead letters");
        const is = now.facts[topic] ?? assert.fail("an older node publishes it still");
        if (is.sample) assert.deepEqual(problemsWith(schema, is.sample), [], "ours would be dead letters there");
        if (sample && is.sample) assert.deepEqual(lossesOf(sample, is.sample), [], "an older consumer looks for it");
      });
    }
  });
}

describe("the comparison sees", () => {
  const create = () => structuredClone(now.actions["booking.create"] as Required<Contract["actions"][string]>);

  test("a field that an older node does not know", () => {
    const { params, call } = create();
    assert.match(problemsWith(params, { ...(call.params as object), priority: 1 }).join(), /priority/);
  });

  test("a call's meta: whose hold it is, under which id, and until when", () => {
    const { meta } = create().call as { meta: Record<string, unknown> };
    const { bookingId: _, ...without } = meta;
    assert.deepEqual(lossesOf(meta, without), ["bookingId is gone"]);
    for (const name of ["user", "bookingId", "deadline"]) assert.ok(name in meta, name);
  });

  test("a field of an answer that is gone, or has become another thing", () => {
    const { result } = create().call as { result: { seats: object[]; totalMinor: unknown } };
    const { totalMinor: _, ...without } = result;
    assert.deepEqual(lossesOf(result, without), ["totalMinor is gone"]);
    assert.deepEqual(lossesOf(result, { ...result, totalMinor: "1" }), ["totalMinor was a number and is a string"]);
    assert.deepEqual(lossesOf(without, result), []);
  });

  test("a fact that an older consumer would refuse", () => {
    const { schema, sample } = now.facts["booking.created"] as Required<Contract["facts"][string]>;
    const { data } = sample as { data: { totalMinor?: number } };
    const { totalMinor: _, ...rest } = data;
    assert.match(problemsWith(schema, { ...(sample as object), data: rest }).join(), /totalMinor/);
    assert.deepEqual(problemsWith(schema, { ...(sample as object), data: { ...data, more: 1 } }), []);
  });
});
