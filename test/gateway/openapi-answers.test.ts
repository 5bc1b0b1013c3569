import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { EventResponse, ImportedVenue } from "#contracts/catalog.ts";
import { signed } from "#stack/provider/deliveries.ts";
import { errorsOf } from "../../services/gateway/openapi-operation.ts";
import { ENDPOINTS } from "../../services/gateway/routes.ts";
import { Shop } from "../e2e/support/shop.ts";
import { newSecret } from "../payment/support/webhook.ts";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { tokenFor } from "../support/token.ts";
import { until } from "../support/until.ts";
import { ask } from "./support/asked.ts";
import { DOCUMENT, undocumented } from "./support/documented.ts";

const operations = Object.entries(DOCUMENT.paths).flatMap(([path, of]) =>
  Object.keys(of).map((method) => `${method.toUpperCase()} ${path}`),
);

interface Said {
  token?: string;
  headers?: Record<string, string>;
  body?: string;
}

describe("what a running gateway answers is what the document says:", () => {
  let node: TestNode;
  let shop: Shop;
  const seen = new Set<string>();
  const secret = newSecret();

  before(async () => {
    const env = { PAYMENT_SUCCESS_RATE: "1", FAILED_LOGINS_PER_MINUTE: "3", PAYMENT_WEBHOOK_SECRETS: secret };
    node = await startNode({ env });
    await untilReachable(node);
    shop = new Shop(node.url);
  });
  after(() => node.stop());

  /** Asks, and holds status, headers and body against the document. */
  async function said(method: string, template: string, id = "", { token, headers, body }: Said = {}) {
    const path = template.replace("{id}", id);
    const answer = await ask(node.url, {
      method,
      path,
      headers: {
        "content-type": "application/json",
        ...(token && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
    const { status, json } = answer;
    const about = `${method} ${template.split("?")[0]} ${status}`;
    const header = (name: string) => answer.headers[name];
    const faults = undocumented({ method, path, status, header, json });
    assert.deepEqual(faults, [], `${about}: ${JSON.stringify(json)?.slice(0, 500)}`);
    seen.add([about, json?.error?.code].filter(Boolean).join(" "));
    return { header, data: json?.data };
  }
  const json = (body: unknown) => ({ body: JSON.stringify(body) });
  const organizer = () => tokenFor("organizer", { scopes: ["catalog:write"] });

  test("events, seats and availability", async () => {
    const { id, seatIds } = await shop.putOnSale(3);
    const unknown = "00000000-0000-4000-8000-0000000000ff";
    await said("GET", "/api/events?limit=1");
    await said("GET", "/api/events?limit=0");
    for (const path of ["/api/events/{id}", "/api/events/{id}/seats", "/api/events/{id}/availability"]) {
      await said("GET", path, id);
      await said("GET", path, unknown);
      await said("GET", path, "x");
    }
    for (const path of ["/api/events/{id}/seats", "/api/events/{id}/availability"]) {
      const { header } = await said("GET", path, id);
      await said("GET", path, id, { headers: { "if-none-match": String(header("etag")) } });
      assert(seen.has(`GET ${path} 304`));
    }
    await said("GET", "/api/events/{id}/availability", id, { headers: { accept: "application/octet-stream" } });
    const internal = { token: tokenFor("shop", { scopes: ["internal"] }), ...json({ seatIds: [seatIds[0], unknown] }) };
    await said("POST", "/internal/events/{id}/seats/validate", id, internal);
    await said("POST", "/internal/events/{id}/seats/prices", id, internal);
    await said("POST", "/internal/events/{id}/seats/prices", id, { ...internal, ...json({ seatIds }) });
    await said("POST", "/internal/events/{id}/seats/prices", id, { ...internal, token: tokenFor("shop") });
  });

  test("bookings and payments", async () => {
    const { id, seatIds } = await shop.putOnSale(20, { maxSeats: 2 });
    const later = await shop.putOnSale(1, { saleFrom: "2035-01-01T00:00:00Z" });
    const token = tokenFor("ada");
    const book = (eventId: string, seats: readonly unknown[], key?: string) =>
      said("POST", "/api/bookings", "", {
        token,
        ...json({ eventId, seatIds: seats }),
        headers: key ? { "idempotency-key": key } : {},
      });
    const held = (await book(id, [seatIds[0]], "one")).data as { id: string };
    await book(id, [seatIds[0]], "one");
    await book(id, [seatIds[1]], "one");
    await book(id, [seatIds[0]]);
    await book(id, []);
    await book(id, [id]);
    await book(id, seatIds.slice(3, 6));
    await book(later.id, later.seatIds);
    await said("POST", "/api/bookings", "", json({ eventId: id, seatIds }));
    await said("POST", "/api/bookings", "", { token, body: "eventId=1", headers: { "content-type": "text/plain" } });
    await said("POST", "/api/bookings", "", { token, ...json({ eventId: "x".repeat(70_000) }) });
    await shop.untilEnded("ada", held.id);
    for (const path of ["/api/bookings/{id}", "/api/bookings/{id}/payment"]) {
      await said("GET", path, held.id, { token });
      await said("GET", path, held.id, { token: tokenFor("eve") });
    }
    await said("GET", "/api/bookings/my", "", { token });
    await said("POST", "/api/bookings/{id}/cancel", held.id, { token });
    // A booking may be paid before it is cancelled.
    for (const seatId of seatIds.slice(1)) {
      if (seen.has("POST /api/bookings/{id}/cancel 200")) break;
      const { data } = await book(id, [seatId]);
      await said("POST", "/api/bookings/{id}/cancel", (data as { id: string }).id, { token });
    }
  });

  test("venues and new events", async () => {
    const token = organizer();
    await said("POST", "/api/venues", "", { token, ...json({ name: "no plan" }) });
    const plan = {
      name: `Bench ${process.pid}`,
      size: { width: 10, height: 10 },
      categories: [{ name: "A", color: "#888" }],
      zones: [zone()],
    };
    const { data: venue } = await said("POST", "/api/venues", "", { token, ...json(plan) });
    const { venueId } = venue as ImportedVenue;
    const event = { venueId, name: "x", startsAt: "2035-05-01T19:30:00Z", currency: "EUR", prices: { A: 100 } };
    const { data: made } = await said("POST", "/api/events", "", { token, ...json(event) });
    await said("POST", "/api/events", "", { token, ...json({ ...event, prices: {} }) });
    await said("POST", "/api/events", "", { token: tokenFor("ada"), ...json(event) });
    await said("POST", "/api/events", "", { token, ...json({ ...event, venueId: (made as EventResponse).id }) });
    await said("POST", "/api/events/{id}/publish", (made as EventResponse).id, { token });
  });

  test("events of the payment provider", async () => {
    const tell = (event: object, nowMs?: number, by = secret) => {
      const { headers, body } = signed("evt_1", event, [by], nowMs);
      return said("POST", "/webhooks/payments", "", { headers, body: body.toString() });
    };
    const data = { key: "order-4711", providerRef: "ch_1", amountMinor: 1, currency: "EUR" };
    await tell({ type: "account.updated" });
    await tell({ type: "charge.succeeded", timestamp: new Date().toISOString(), data });
    await tell({ type: "charge.succeeded" });
    await tell({}, Date.now() - 400_000);
    await tell({}, Date.now(), newSecret());
    await said("POST", "/webhooks/payments", "", { body: "x".repeat(70_000) });
  });

  test("probes", async () => {
    await said("GET", "/health");
    await said("GET", "/health/live");
    await until(async () => (await fetch(`${node.url}/health/ready`)).ok, { what: "readiness" });
    await said("GET", "/health/ready");
  });

  test("each address was asked for what it gives", () => {
    const missing = operations.filter((operation) => ![200, 201].some((status) => seen.has(`${operation} ${status}`)));
    assert.deepEqual(missing, []);
  });

  test("each code was met that needs neither time nor an outage", async () => {
    for (let bad = 0; bad < 4; bad++) await said("GET", "/api/bookings/my", "", { token: `a.${bad}.c` });
    const codes = new Set([...seen].map((answer) => answer.split(" ").at(-1)));
    const listed = [...new Set(ENDPOINTS.flatMap(errorsOf))];
    assert.deepEqual(
      listed.filter((code) => !codes.has(code)),
      ["RATE_LIMITED", "SERVICE_UNAVAILABLE", "INTERNAL_ERROR", "REQUEST_TOO_SLOW", "REQUEST_IN_PROGRESS"],
    );
  });

  test("the document and its page are served from here alone", async () => {
    assert.deepEqual(await (await fetch(`${node.url}/openapi.json`)).json(), JSON.parse(JSON.stringify(DOCUMENT)));
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
