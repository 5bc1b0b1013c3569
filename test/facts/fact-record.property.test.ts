import assert from "node:assert/strict";
import { test } from "node:test";
import { FACT_DATA, type Fact, newFact, parseFact } from "#contracts/events.ts";
import type { Topic } from "#contracts/topics.ts";
import { type FactRecord, readRecord, subjectOf } from "#mixins/fact-record.ts";
import { fc } from "../support/property.ts";

interface AnyRule {
  type: string;
  values?: readonly string[];
  items?: AnyRule;
  props?: Record<string, AnyRule>;
  value?: AnyRule;
  nullable?: boolean;
  pattern?: RegExp;
  example?: unknown;
  min?: number;
  max?: number;
}

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 });

/** Any value that a rule of the contract lets through. */
function anyOf(rule: AnyRule): fc.Arbitrary<unknown> {
  if (rule.nullable) return fc.option(anyOf({ ...rule, nullable: false }));
  if (rule.type === "number") return fc.integer({ min: rule.min ?? 0, max: rule.max ?? 1_000_000 });
  if (rule.type === "enum") return fc.constantFrom(...(rule.values as readonly string[]));
  if (rule.type === "array") return fc.array(anyOf(rule.items as AnyRule), { minLength: rule.min ?? 0, maxLength: 4 });
  if (rule.type === "object") return objectOf(rule.props as Record<string, AnyRule>);
  if (rule.type === "record")
    return fc.dictionary(
      text.filter((key) => key !== "__proto__"),
      anyOf(rule.value as AnyRule),
    );
  if (!rule.pattern) return text;
  if (rule.pattern.test("EUR")) return fc.constantFrom("EUR", "JPY");
  return rule.pattern.test("2030-01-01T00:00:00Z") ? fc.constant("2030-01-01T00:00:00.123456Z") : fc.uuid();
}

const objectOf = (props: Record<string, AnyRule>) =>
  fc.record(Object.fromEntries(Object.entries(props).map(([name, rule]) => [name, anyOf(rule)])));

const cause = fc.record({ correlationid: text, causationid: text }, { requiredKeys: [] });

/** Any fact of any topic, as it stands there. */
const anyFact: fc.Arbitrary<Fact> = fc
  .constantFrom(...(Object.keys(FACT_DATA) as Topic[]))
  .chain((topic) =>
    fc.tuple(fc.constant(topic), objectOf(FACT_DATA[topic] as unknown as Record<string, AnyRule>), cause, fc.uuid()),
  )
  .map(([topic, data, causes, id]) => {
    const subject = subjectOf({ data, subject: id } as unknown as Fact);
    const fact = newFact(topic, "eventix/test", subject, data as never, causes);
    return { time: "2030-01-01T00:00:00.123456Z", ...fact } as unknown as Fact;
  });

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
