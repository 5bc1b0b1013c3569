import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { EventResponse } from "#contracts/catalog.ts";
import { openApiDocument } from "../../services/gateway/openapi.ts";
import { Shop } from "../e2e/support/shop.ts";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { tokenFor } from "../support/token.ts";
import { until } from "../support/until.ts";

interface Document {
  paths: Record<string, Record<string, { responses: Record<string, { headers?: object }> }>>;
}

const document = openApiDocument() as unknown as Document;
const operations = Object.entries(document.paths).flatMap(([path, of]) =>
  Object.keys(of).map((method) => ({ path, method: method.toUpperCase() })),
);

describe("what a running gateway answers is what the document says:", () => {
  let node: TestNode;
  let shop: Shop;
  const seen = new Set<string>();
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(document, "openapi");

  before(async () => {
    node = await startNode({ env: { PAYMENT_SUCCESS_RATE: "1", PAYMENT_DELAY_MS: "20" } });
    await untilReachable(node);
    shop = new Shop(node.url);
  });
  after(() => node.stop());

  /** Asks, and holds status, headers and body against the document. */
  async function ask(
    method: string,
    template: string,
    id = "",
    init: RequestInit & { token?: string } = {},
  ): Promise<unknown> {
    const { token, ...rest } = init;
    const [path, query = ""] = template.split("?") as [string, string?];
    const response = await fetch(`${node.url}${path.replace("{id}", id)}?${query}`, {
      method,
      ...rest,
      headers: {
        "content-type": "application/json",
        ...(token && { authorization: `Bearer ${token}` }),
        ...rest.headers,
      },
    });
    const described = document.paths[path]?.[method.toLowerCase()]?.responses[response.status];
    const asked = `${method} ${path} ${response.status}`;
    assert(described, `${asked} is not described`);
    seen.add(asked);
    for (const name of Object.keys(described.headers ?? {})) {
      const optional = ["idempotency-replayed", "retry-after"].includes(name);
      assert(optional || response.headers.has(name), `${asked} has no ${name}`);
    }
    const type = (response.headers.get("content-type") ?? "").split(";")[0] as string;
    const pointer = [path, method.toLowerCase(), "responses", response.status, "content", type, "schema"];
    if (type !== "application/json") return response.arrayBuffer();
    const body = await response.json();
    const escaped = pointer.map((part) => encodeURIComponent(String(part).replaceAll("~", "~0").replaceAll("/", "~1")));
    const validate = ajv.compile({ $ref: `openapi#/paths/${escaped.join("/")}` });
    assert(validate(body), `${asked}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 500)}`);
    return (body as { data?: unknown }).data;
  }
  const json = (body: unknown) => ({ body: JSON.stringify(body) });
  const organizer = () => tokenFor("organizer", { scopes: ["catalog:write"] });

  test("events, seats and availability", async () => {
    const { id, seatIds } = await shop.putOnSale(3);
    const unknown = "00000000-0000-4000-8000-0000000000ff";
    await ask("GET", "/api/events?limit=1");
    await ask("GET", "/api/events?limit=0");
    for (const path of ["/api/events/{id}", "/api/events/{id}/seats", "/api/events/{id}/availability"]) {
      await ask("GET", path, id);
      await ask("GET", path, unknown);
      await ask("GET", path, "x");
    }
    await ask("GET", "/api/events/{id}/availability", id, { headers: { accept: "application/octet-stream" } });
    const internal = { token: tokenFor("shop", { scopes: ["internal"] }), ...json({ seatIds: [seatIds[0], unknown] }) };
    await ask("POST", "/internal/events/{id}/seats/validate", id, internal);
    await ask("POST", "/internal/events/{id}/seats/prices", id, internal);
    await ask("POST", "/internal/events/{id}/seats/prices", id, { ...internal, ...json({ seatIds }) });
    await ask("POST", "/internal/events/{id}/seats/prices", id, { ...internal, token: tokenFor("shop") });
  });

  test("bookings and payments", async () => {
    const { id, seatIds } = await shop.putOnSale(3);
    const token = tokenFor("ada");
    const order = { token, ...json({ eventId: id, seatIds: [seatIds[0]] }), headers: { "idempotency-key": "one" } };
    const held = (await ask("POST", "/api/bookings", "", order)) as { id: string };
    await ask("POST", "/api/bookings", "", order);
    await ask("POST", "/api/bookings", "", { ...order, headers: {} });
    await ask("POST", "/api/bookings", "", { ...order, ...json({ eventId: id, seatIds: [] }) });
    await ask("POST", "/api/bookings", "", json({ eventId: id, seatIds }));
    await shop.untilEnded("ada", held.id);
    for (const path of ["/api/bookings/{id}", "/api/bookings/{id}/payment"]) {
      await ask("GET", path, held.id, { token });
      await ask("GET", path, held.id, { token: tokenFor("eve") });
    }
    await ask("GET", "/api/bookings/my", "", { token });
    await ask("POST", "/api/bookings/{id}/cancel", held.id, { token });
    const given = await shop.hold("ada", id, [seatIds[1] as string]);
    await ask("POST", "/api/bookings/{id}/cancel", given.id, { token });
  });

  test("venues and new events", async () => {
    const token = organizer();
    await ask("POST", "/api/venues", "", { token, ...json({ name: "no plan" }) });
    const plan = {
      name: `Bench ${process.pid}`,
      size: { width: 10, height: 10 },
      categories: [{ name: "A", color: "#888" }],
      zones: [zone()],
    };
    const { venueId } = (await ask("POST", "/api/venues", "", { token, ...json(plan) })) as { venueId: string };
    const event = { venueId, name: "x", startsAt: "2035-05-01T19:30:00Z", currency: "EUR", prices: { A: 100 } };
    const made = (await ask("POST", "/api/events", "", { token, ...json(event) })) as EventResponse;
    await ask("POST", "/api/events", "", { token, ...json({ ...event, prices: {} }) });
    await ask("POST", "/api/events", "", { token: tokenFor("ada"), ...json(event) });
    await ask("POST", "/api/events/{id}/publish", made.id, { token });
  });

  test("probes", async () => {
    await ask("GET", "/health");
    await ask("GET", "/health/live");
    await until(async () => (await fetch(`${node.url}/health/ready`)).ok, { what: "readiness" });
    await ask("GET", "/health/ready");
  });

  test("each address was asked for what it gives", () => {
    const missing = operations.filter(
      ({ path, method }) => ![200, 201].some((status) => seen.has(`${method} ${path} ${status}`)),
    );
    assert.deepEqual(
      missing.map(({ path, method }) => `${method} ${path}`),
      [],
    );
  });

  test("the document and its page are served from here alone", async () => {
    assert.deepEqual(await (await fetch(`${node.url}/openapi.json`)).json(), JSON.parse(JSON.stringify(document)));
    const page = await fetch(`${node.url}/docs`);
    assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'; script-src 'self'/);
    const html = await page.text();
    const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
    assert.equal(named.length, 4);
    for (const path of named) {
      assert.match(path, /^\//);
      const head = await fetch(`${node.url}${path}`, { method: "HEAD" });
      assert.equal(head.status, 200, path);
      assert((Number(head.headers.get("content-length")) || 0) > 50, path);
    }
  });
});

const zone = () => ({
  name: "A",
  position: { x: 0, y: 0 },
  rows: [
    {
      row_number: "1",
      position: { x: 0, y: 0 },
      seats: [{ seat_guid: "a1", seat_number: "1", position: { x: 1, y: 1 }, category: "A" }],
    },
  ],
});
