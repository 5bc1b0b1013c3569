import { compile } from "#contracts/schema.ts";

/** A schema as JSON: patterns are written as text, descriptions and examples left out. */
export function packed(schema: unknown): unknown {
  return JSON.parse(
    JSON.stringify(schema, (key, value) => {
      if (key === "description" || key === "example" || key === "messages") return undefined;
      return value instanceof RegExp ? { $pattern: value.source, $flags: value.flags } : value;
    }),
  );
}

/** What a packed schema finds wrong with a value, as the version would that it was recorded from. */
export function problemsWith(schema: unknown, value: unknown): string[] {
  const unpacked = JSON.parse(JSON.stringify(schema), (_, one) =>
    typeof one === "object" && one !== null && "$pattern" in one ? new RegExp(one.$pattern, one.$flags) : one,
  );
  const checked = compile(unpacked)(structuredClone(value));
  return checked.ok ? [] : checked.problems.map(({ field, message }) => `${field} ${message}`);
}

type Shape = Map<string, string>;

/** Where a value has what: `seats[].priceMinor` is a number. A list has the shape of its items together. */
export function shapeOf(value: unknown, at = "", shape: Shape = new Map()): Shape {
  const kind = Array.isArray(value) ? "list" : value === null ? "null" : typeof value;
  if (shape.get(at) === undefined || shape.get(at) === "null") shape.set(at, kind);
  if (Array.isArray(value)) for (const item of value) shapeOf(item, `${at}[]`, shape);
  else if (kind === "object") {
    for (const [key, item] of Object.entries(value as object)) shapeOf(item, at === "" ? key : `${at}.${key}`, shape);
  }
  return shape;
}

/** What somebody who reads the older value misses in the newer one, or finds to be of another kind. What is new is no loss. */
export function lossesOf(older: unknown, newer: unknown): string[] {
  const now = shapeOf(newer);
  return [...shapeOf(older)].flatMap(([at, kind]) => {
    const found = now.get(at);
    if (found === undefined) return [`${at} is gone`];
    return found === kind || found === "null" || kind === "null" ? [] : [`${at} was a ${kind} and is a ${found}`];
  });
}
