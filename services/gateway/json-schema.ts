import type { Rule, Schema } from "#contracts/schema.ts";

export type JsonSchema = Record<string, unknown>;
/** Schemas that are described once and referred to by name. */
export type Named = ReadonlyMap<object, string>;

type Fields = Schema & { readonly $$strict?: boolean };
type AnyRule = Rule & Record<string, unknown>;

/** What a rule of each type may say. */
const SAID: Record<string, readonly string[]> = {
  string: ["min", "max", "pattern"],
  number: ["integer", "min", "max"],
  boolean: [],
  any: [],
  enum: ["values"],
  array: ["items", "min", "max", "unique"],
  object: ["props"],
  record: ["key", "value"],
};
/** What any rule may say; the last three change a value before it is checked, and `messages` word a refusal. */
const SAID_BY_ANY = [
  "type",
  "optional",
  "nullable",
  "description",
  "example",
  "messages",
  "convert",
  "trim",
  "lowercase",
];

/** The JSON Schema (2020-12) of an object whose fields have these rules. Throws for a rule that it does not know. */
export function jsonSchemaOf(schema: object, named: Named = new Map()): JsonSchema {
  const { $$strict, ...fields } = schema as Fields;
  const properties = Object.entries(fields).map(([name, rule]) => [name, schemaOf(rule as AnyRule, named)]);
  const required = Object.entries(fields).flatMap(([name, rule]) => ((rule as Rule).optional ? [] : [name]));
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
    ...($$strict && { additionalProperties: false }),
  };
}

/** The JSON Schema of one value. */
export function schemaOf(rule: Rule, named: Named = new Map()): JsonSchema {
  const { description, example, nullable } = rule;
  assertKnown(rule);
  const plain = plainOf(rule as AnyRule, named);
  const schema = nullable ? orNull(plain) : plain;
  return {
    ...schema,
    ...(description !== undefined && { description }),
    ...(example !== undefined && { examples: [example] }),
  };
}

/** The rule's example, or the one that those of its parts make up. */
export function exampleOf(rule: Rule): unknown {
  const { example, items, props } = rule as AnyRule & { items?: Rule; props?: Schema };
  if (example !== undefined) return example;
  if (items) return [exampleOf(items)];
  return Object.fromEntries(Object.entries(props ?? {}).map(([name, part]) => [name, exampleOf(part)]));
}

function plainOf(rule: AnyRule, named: Named): JsonSchema {
  const { type, min, max } = rule;
  switch (type) {
    case "string":
      return { type, ...bounds("minLength", min, "maxLength", max), ...patternOf(rule.pattern as RegExp | undefined) };
    case "number":
      return { type: rule.integer ? "integer" : "number", ...bounds("minimum", min, "maximum", max) };
    case "enum":
      return { type: "string", enum: rule.values };
    case "array": {
      const items = schemaOf(rule.items as Rule, named);
      const unique = rule.unique === true && { uniqueItems: true };
      return { type, items, ...bounds("minItems", min, "maxItems", max), ...unique };
    }
    case "object": {
      const name = named.get(rule.props as object);
      return name === undefined ? jsonSchemaOf(rule.props as object, named) : { $ref: refTo(name) };
    }
    case "record": {
      const names = schemaOf(rule.key as Rule, named);
      return { type: "object", propertyNames: names, additionalProperties: schemaOf(rule.value as Rule, named) };
    }
    case "any":
      return {};
    default:
      return { type };
  }
}

/** What is not translated would be checked and not be described. */
function assertKnown(rule: Rule): void {
  const said = SAID[rule.type];
  if (!said) throw new TypeError(`no JSON Schema for the rule "${rule.type}": add it to json-schema.ts`);
  const unknown = Object.keys(rule).filter((key) => !said.includes(key) && !SAID_BY_ANY.includes(key));
  if (unknown.length === 0) return;
  throw new TypeError(`no JSON Schema for ${unknown.join(", ")} of the rule "${rule.type}": add it to json-schema.ts`);
}

export const refTo = (name: string): string => `#/components/schemas/${name}`;

function bounds(least: string, min: unknown, most: string, max: unknown): JsonSchema {
  return { ...(min !== undefined && { [least]: min }), ...(max !== undefined && { [most]: max }) };
}

/** JSON Schema's patterns have no flags and are Unicode's: hexadecimal digits that match in both cases are said so. */
function patternOf(pattern: RegExp | undefined): JsonSchema {
  if (!pattern) return {};
  const { source, flags } = pattern;
  if (!flags.includes("i")) return { pattern: source };
  const others = source.replaceAll("a-f", "").replaceAll(/\\./g, "");
  if (/[a-z]/i.test(others)) throw new TypeError(`no JSON Schema for ${pattern}: say its letters in both cases`);
  return { pattern: source.replaceAll("a-f", "A-Fa-f") };
}

function orNull(schema: JsonSchema): JsonSchema {
  const { type, enum: values } = schema;
  if (type === undefined) return { anyOf: [schema, { type: "null" }] };
  return { ...schema, type: [type, "null"], ...(values !== undefined && { enum: [...(values as unknown[]), null] }) };
}
