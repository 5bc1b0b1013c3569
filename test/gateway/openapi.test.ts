import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import type { ServiceSchema } from "moleculer";
import { ERRORS } from "#contracts/errors.ts";
import booking from "../../services/booking/booking.service.ts";
import catalog from "../../services/catalog/catalog.service.ts";
import { HEALTH_ALIASES } from "../../services/gateway/health.ts";
import { exampleOf, jsonSchemaOf, schemaOf } from "../../services/gateway/json-schema.ts";
import { openApiDocument } from "../../services/gateway/openapi.ts";
import { errorsOf } from "../../services/gateway/openapi-operation.ts";
import { ENDPOINTS } from "../../services/gateway/routes.ts";
import payment from "../../services/payment/payment.service.ts";

const document = openApiDocument() as {
  paths: Record<string, object>;
  components: { schemas: Record<string, object> };
};

test("the linter finds nothing to say", async () => {
  const config = await createConfig({ extends: ["recommended-strict"] });
  const source = JSON.stringify(document);
  const problems = await lintFromString({ source, absoluteRef: "/openapi.json", config });
  const said = problems
    .map(({ ruleId, message, location: [at] }) => `${ruleId} at ${at?.pointer}: ${message}`)
    // Probes have nothing to refuse.
    .filter((line) => !line.startsWith("operation-4xx-response at #/paths/~1health"));
  assert.deepEqual(said, []);
});

test("every field and parameter has a description and an example", () => {
  const bare: string[] = [];
  const look = (at: string, schema: Record<string, unknown>): void => {
    const { properties = {}, items } = schema as { properties?: Record<string, object>; items?: object };
    for (const [name, field] of Object.entries(properties) as [string, Record<string, unknown>][]) {
      const holds = field.items ?? field.properties ?? field.$ref ?? field.const;
      if (field.const === undefined && field.$ref === undefined && !field.description)
        bare.push(`${at}.${name}: description`);
      if (holds === undefined && field.examples === undefined) bare.push(`${at}.${name}: example`);
      look(`${at}.${name}`, field);
    }
    if (items) look(`${at}[]`, items as Record<string, unknown>);
  };
  for (const { name, params, answer } of ENDPOINTS.map((e) => ({ ...e, name: `${e.method} ${e.path}` }))) {
    look(`${name} params`, jsonSchemaOf(params));
    look(`${name} answer`, jsonSchemaOf(answer));
  }
  for (const [name, schema] of Object.entries(document.components.schemas))
    look(name, schema as Record<string, unknown>);
  const ours = bare.filter((line) => !/\.plan: example$|\.as: /.test(line));
  assert.deepEqual(ours, []);
});

test("a route is described by the very schema that its action checks with", () => {
  const services = { booking, catalog, payment } as Record<string, ServiceSchema>;
  for (const { action, params } of ENDPOINTS) {
    const [service, name] = action.split(".") as [string, string];
    const schema = services[service]?.actions?.[name] as { params?: object } | undefined;
    assert.equal(schema?.params, params, action);
  }
});

test("every address is described, but for the description itself", () => {
  const described = Object.entries(document.paths).flatMap(([path, of]) =>
    Object.keys(of).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
  );
  const answered = [...ENDPOINTS.map(({ method, path }) => `${method} ${path}`), ...Object.keys(HEALTH_ALIASES)];
  assert.deepEqual(described.sort(), answered.sort());
});

test("every code of the error table is one that some address answers with", () => {
  const listed = new Set<string>(ENDPOINTS.flatMap(errorsOf));
  const left = Object.keys(ERRORS).filter((code) => !listed.has(code));
  assert.deepEqual(left, ["NOT_FOUND", "METHOD_NOT_ALLOWED"], "these two belong to addresses that are not described");
});

describe("a rule as JSON Schema", () => {
  const cases: [what: string, rule: Parameters<typeof schemaOf>[0], schema: object][] = [
    ["text with bounds", { type: "string", min: 1, max: 5 } as never, { type: "string", minLength: 1, maxLength: 5 }],
    [
      "a pattern that ignores case",
      { type: "string", pattern: /^[0-9a-f]$/i } as never,
      { type: "string", pattern: "^[0-9A-Fa-f]$" },
    ],
    ["a whole number", { type: "number", integer: true, min: 0 } as never, { type: "integer", minimum: 0 }],
    [
      "a choice or null",
      { type: "enum", values: ["A"], nullable: true } as never,
      { type: ["string", "null"], enum: ["A", null] },
    ],
    [
      "a list",
      { type: "array", min: 1, unique: true, items: { type: "boolean" } } as never,
      { type: "array", items: { type: "boolean" }, minItems: 1, uniqueItems: true },
    ],
    [
      "a record",
      { type: "record", key: { type: "string", max: 9 }, value: { type: "number" } } as never,
      {
        type: "object",
        propertyNames: { type: "string", maxLength: 9 },
        additionalProperties: { type: "number" },
      },
    ],
  ];
  for (const [what, rule, schema] of cases) test(what, () => assert.deepEqual(schemaOf(rule), schema));

  test("an object that takes no other fields", () => {
    const schema = { $$strict: true, a: { type: "boolean" }, b: { type: "boolean", optional: true } };
    const expected = {
      type: "object",
      properties: { a: { type: "boolean" }, b: { type: "boolean" } },
      required: ["a"],
      additionalProperties: false,
    };
    assert.deepEqual(jsonSchemaOf(schema), expected);
  });

  test("what would be checked and not described is refused", () => {
    assert.throws(() => schemaOf({ type: "luhn" }), /no JSON Schema for the rule "luhn"/);
    assert.throws(
      () => schemaOf({ type: "string", hex: true } as never),
      /no JSON Schema for hex of the rule "string"/,
    );
    assert.throws(() => schemaOf({ type: "string", pattern: /^x$/i } as never), /say its letters in both cases/);
  });

  test("its example is made of those of its parts", () => {
    const seat = {
      type: "object",
      props: { id: { type: "string", example: "A1" }, free: { type: "boolean", example: true } },
    };
    assert.deepEqual(exampleOf({ type: "array", items: seat } as never), [{ id: "A1", free: true }]);
    assert.deepEqual(exampleOf({ type: "array", items: seat, example: [] } as never), []);
  });
});
