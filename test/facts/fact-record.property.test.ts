import assert from "node:assert/strict";
import { test } from "node:test";
import { FACT_DATA, type Fact, parseFact } from "#contracts/events.ts";
import type { Topic } from "#contracts/topics.ts";
import { type FactRecord, readRecord } from "#mixins/fact-record.ts";
import { fc } from "../support/property.ts";
import { anyFact } from "./any-fact.ts";

const recordOf = (fact: Fact, value: string | Buffer): FactRecord => ({
  topic: fact.type,
  partition: 0,
  offset: "0",
  key: Buffer.from(fact.subject),
  value: Buffer.from(value),
});

test("a fact is read as what was written, whatever it says", () => {
  fc.assert(
    fc.property(anyFact, (fact) => {
      assert.deepEqual(readRecord(recordOf(fact, JSON.stringify(fact))).fact, JSON.parse(JSON.stringify(fact)));
    }),
  );
});

test("a fact told under another's name, or about another, is refused", () => {
  fc.assert(
    fc.property(anyFact, fc.constantFrom(...(Object.keys(FACT_DATA) as Topic[])), fc.uuid(), (fact, topic, other) => {
      if (topic !== fact.type) assert(!parseFact(topic, JSON.stringify(fact)).ok);
      if (fact.type === "seat.changed") return;
      assert.equal(readRecord(recordOf(fact, JSON.stringify({ ...fact, subject: other }))).fact, undefined);
    }),
  );
});

/** Where in a value a path of numbers leads: to some object in it, and one of its keys. */
function placeIn(value: unknown, [n = 0, ...rest]: number[]): { parent: Record<string, unknown>; key: string } {
  const parent = value as Record<string, unknown>;
  const keys = Object.keys(parent);
  const key = keys[n % Math.max(keys.length, 1)] ?? "surplus";
  const next = parent[key];
  return rest.length > 0 && next !== null && typeof next === "object" ? placeIn(next, rest) : { parent, key };
}

/** As JSON, so that a case can be printed that is nested too deeply for that. */
const oddValue = fc.oneof(
  fc.json(),
  fc.constantFrom('[{"toString":""}]', '{"toString":1}', `${"[".repeat(20_000)}${"]".repeat(20_000)}`),
);

test("whatever stands in one place of a fact, it is read or refused with a reason, and never thrown at a consumer", () => {
  fc.assert(
    fc.property(anyFact, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), oddValue, (fact, path, json) => {
      const broken = structuredClone(fact) as unknown;
      const { parent, key } = placeIn(broken, path);
      parent[key] = "odd value";
      const read = readRecord(
        recordOf(
          fact,
          JSON.stringify(broken).replace('"odd value"', () => json),
        ),
      );
      if (read.fact === undefined) assert(read.reason.length > 0);
    }),
  );
});

test("bytes that are cut short or damaged are refused with a reason", () => {
  fc.assert(
    fc.property(anyFact, fc.nat(), fc.nat(255), (fact, at, byte) => {
      const whole = Buffer.from(JSON.stringify(fact));
      const cut = readRecord(recordOf(fact, whole.subarray(0, at % whole.length)));
      assert(cut.fact === undefined && cut.reason === "not JSON");
      whole[at % whole.length] = byte;
      const read = readRecord(recordOf(fact, whole));
      if (read.fact === undefined) assert(read.reason.length > 0);
    }),
  );
});
