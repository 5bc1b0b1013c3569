import { FACT_DATA, type Fact, newFact } from "#contracts/events.ts";
import type { Topic } from "#contracts/topics.ts";
import { subjectOf } from "#mixins/fact-record.ts";
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
export const anyFact: fc.Arbitrary<Fact> = fc
  .constantFrom(...(Object.keys(FACT_DATA) as Topic[]))
  .chain((topic) =>
    fc.tuple(fc.constant(topic), objectOf(FACT_DATA[topic] as unknown as Record<string, AnyRule>), cause, fc.uuid()),
  )
  .map(([topic, data, causes, id]) => {
    const subject = subjectOf({ data, subject: id } as unknown as Fact);
    const fact = newFact(topic, "eventix/test", subject, data as never, causes);
    return { time: "2030-01-01T00:00:00.123456Z", ...fact } as unknown as Fact;
  });
