import type { Rule, Schema } from "#contracts/schema.ts";

export type JsonSchema = Record<string, unknown>;
/** Schemas that are described once and referred to by name. */
export type Named = ReadonlyMap<object, string>;

type Fields = Schema & { readonly $$strict?: boolean };
type AnyRule = Rule & Record<string, unknown>;

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
  const plain = plainOf(rule as AnyRule, named);
  const schema = nullable ? orNull(plain) : plain;
  return {
    ...schema,
    ...(description !== undefined && { description }),
    ...(example !== undefined && { examples: [example] }),
  };
}

function plainOf(rule: AnyRule, named: Named): JsonSchema {
  const { type, min, max } = rule;
  switch (type) {
    case "string":
      return { type, ...bounds("minLength", min, "maxLength", max), ...patternOf(rule.pattern as RegExp | undefined) };
    case "number":
      return { type: rule.integer ? "integer" : "number", ...bounds("minimum", min, "maximum", max) };
    case "boolean":
      return { type };
    case "any":
      return {};
    case "enum":
      return { type: "string", enum: rule.values };
    case "array": {
      const items = schemaOf(rule.items as Rule, named);
      return {
        type,
        items,
        ...bounds("minItems", min, "maxItems", max),
        ...(rule.unique === true && { uniqueItems: true }),
      };
    }
    case "object": {
      const name = named.get(rule.props as object);
      return name === undefined ? jsonSchemaOf(rule.props as object, named) : { $ref: refTo(name) };
    }
    case "record":
      return { type: "object", additionalProperties: schemaOf(rule.value as Rule, named) };
    default:
      throw new TypeError(`no JSON Schema for the rule "${type}": add it to json-schema.ts`);
  }
}

export const refTo = (name: string): string => `#/components/schemas/${name}`;

function bounds(least: string, min: unknown, most: string, max: unknown): JsonSchema {
  return { ...(min !== undefined && { [least]: min }), ...(max !== undefined && { [most]: max }) };
}

/** JSON Schema's patterns have no flags: letters that match in both cases are said so. */
function patternOf(pattern: RegExp | undefined): JsonSchema {
  if (!pattern) return {};
  return { pattern: pattern.flags.includes("i") ? pattern.source.replaceAll("a-f", "A-Fa-f") : pattern.source };
}

function orNull(schema: JsonSchema): JsonSchema {
  const { type, enum: values } = schema;
  if (type === undefined) return { anyOf: [schema, { type: "null" }] };
  return { ...schema, type: [type, "null"], ...(values !== undefined && { enum: [...(values as unknown[]), null] }) };
}
