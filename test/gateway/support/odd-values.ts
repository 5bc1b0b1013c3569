import type { Case } from "./right-requests.ts";
import { said, type Try } from "./tries.ts";

/** Right in one place and wrong in another: some of them are taken. */
export const ODD_VALUES: readonly unknown[] = [
  null,
  -0,
  2 ** 53 + 2,
  "",
  "\0",
  "\ud800",
  "\u202e😀",
  "x".repeat(50_000),
  [],
  {},
  [[null]],
  // No text can be made of it.
  [{ toString: "" }],
  { a: { b: [{ c: {} }] } },
  "2035-06-30T23:59:60Z",
  "2999-12-31T23:59:59.999999999+23:59",
  "__proto__",
  "%00%s$1\\u0000'; drop table events; --",
];

/** The right request with the value in each field of its body, each parameter of its query and of its path in turn. */
export function withEverywhere(of: Case, value: unknown): Try[] {
  const { body, query = {}, path = {} } = of.said;
  const fields = Object.keys(of.endpoint.body === "fields" ? of.schema : (body ?? {}));
  const tries = fields
    .filter((field) => !field.startsWith("$$"))
    .map((field) => said(of, { body: { ...body, [field]: value } }));
  const text = (typeof value === "string" ? value : JSON.stringify(value)).slice(0, 5_000).toWellFormed();
  for (const name of Object.keys(of.endpoint.query ?? {})) tries.push(said(of, { query: { ...query, [name]: text } }));
  for (const name of Object.keys(path)) tries.push(said(of, { path: { ...path, [name]: text } }));
  return tries;
}
