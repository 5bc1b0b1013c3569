import { randomUUID } from "node:crypto";
import type { SeatMap } from "#contracts/catalog.ts";
import { Shop } from "../../e2e/support/shop.ts";
import { newSecret } from "../../payment/support/webhook.ts";
import { untilConsumed } from "../../support/consumed.ts";
import { freshDatabase } from "../../support/database.ts";
import { startNode, type TestNode, untilReachable } from "../../support/node.ts";
import { tokenFor } from "../../support/token.ts";
import { until } from "../../support/until.ts";
import { Rows } from "./rows.ts";

export const WEBHOOK_SECRET = newSecret();
export const SHOP_ORIGIN = "https://shop.test";
export const OLGA = tokenFor("olga", { scopes: ["catalog:write"] });
const OTTO = tokenFor("otto", { scopes: ["catalog:write"] });
export const SERVICE = tokenFor("eventix/partner", { scopes: ["internal"] });

/** What is there to be asked for, of olga and alice and of others. */
export interface Ids {
  unknown: string;
  event: string;
  seats: string[];
  /** Olga's own, not published. */
  draft: string;
  venue: string;
  booking: string;
  others: { draft: string; venue: string; booking: string };
}

export interface Attacked {
  node: TestNode;
  shop: Shop;
  rows: Rows;
  ids: Ids;
  /** Waits until nothing is under way any more that could change a row. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

/** A node with all four services on databases of its own, with an organizer, a buyer and others, and nothing under way. */
export async function startAttacked(): Promise<Attacked> {
  const [catalog, booking, payment] = await Promise.all([
    freshDatabase("catalog"),
    freshDatabase("booking"),
    freshDatabase("payment"),
  ]);
  const node = await startNode({
    env: {
      DATABASE_URL_CATALOG: catalog,
      DATABASE_URL_BOOKING: booking,
      DATABASE_URL_PAYMENT: payment,
      PAYMENT_SUCCESS_RATE: "1",
      PAYMENT_DELAY_MS: "500",
      PAYMENT_WEBHOOK_SECRETS: WEBHOOK_SECRET,
      CORS_ORIGINS: SHOP_ORIGIN,
      LOG_LEVEL: "warn",
      RATE_LIMIT_PER_MINUTE: "1000000",
      FAILED_LOGINS_PER_MINUTE: "1000000",
    },
  });
  await untilReachable(node);
  const shop = new Shop(node.url);
  const rows = await Rows.open({ catalog, booking, payment });
  const attacked: Attacked = {
    node,
    shop,
    rows,
    ids: await fill(shop),
    async quiet() {
      await until(() => isSettled(rows), { what: "all payments and facts to be through" });
      await untilConsumed();
      await until(async () => (await isSettled(rows)) && (await rows.changed()).length === 0, { what: "rows to rest" });
    },
    async stop() {
      await rows.close();
      await node.stop();
    },
  };
  await attacked.quiet();
  return attacked;
}

async function fill(shop: Shop): Promise<Ids> {
  const [own, others] = [await sell(shop, OLGA, "Olga's hall"), await sell(shop, OTTO, "Otto's hall")];
  const published = await shop.call("POST", `/api/events/${own.event}/publish`, { token: OLGA });
  if (published.status !== 200) throw new Error(JSON.stringify(published.error));
  await shop.untilOnSale(own.event);
  const map = await shop.call<SeatMap>("GET", `/api/events/${own.event}/seats`);
  const seats = map.data.zones.flatMap((zone) => zone.rows.flatMap((row) => row.seats.map(({ id }) => id)));
  const [first, second, ...free] = seats as [string, string, ...string[]];
  const alices = await shop.hold("alice", own.event, [first]);
  const bobs = await shop.hold("bob", own.event, [second]);
  await Promise.all([shop.untilEnded("alice", alices.id), shop.untilEnded("bob", bobs.id)]);
  return {
    unknown: randomUUID(),
    event: own.event,
    seats: free,
    draft: (await makeDraft(shop, OLGA, own.venue)).id,
    venue: own.venue,
    booking: alices.id,
    others: { draft: others.event, venue: others.venue, booking: bobs.id },
  };
}

async function sell(shop: Shop, token: string, name: string): Promise<{ venue: string; event: string }> {
  const { data, error } = await shop.call<{ venueId: string }>("POST", "/api/venues", { token, body: planOf(name) });
  if (error) throw new Error(JSON.stringify(error));
  return { venue: data.venueId, event: (await makeDraft(shop, token, data.venueId)).id };
}

async function makeDraft(shop: Shop, token: string, venueId: string): Promise<{ id: string }> {
  const { data, error } = await shop.call<{ id: string }>("POST", "/api/events", { token, body: termsOf(venueId) });
  if (error) throw new Error(JSON.stringify(error));
  return data;
}

export const termsOf = (venueId: string) => ({
  venueId,
  name: "An evening",
  startsAt: "2035-05-01T19:30:00Z",
  currency: "EUR",
  prices: { Stalls: 1_000 },
});

/** A row of forty seats. */
export const planOf = (name: string) => ({
  name,
  categories: [{ name: "Stalls", color: "#888" }],
  zones: [{ name: "Stalls", position: { x: 0, y: 0 }, rows: [rowOf(40)] }],
  size: { width: 900, height: 100 },
});

const rowOf = (seats: number) => ({
  row_number: "1",
  position: { x: 0, y: 0 },
  seats: Array.from({ length: seats }, (_, n) => ({
    seat_guid: `S-1-${n + 1}`,
    seat_number: String(n + 1),
    position: { x: 20 * n, y: 0 },
    category: "Stalls",
  })),
});

const UNDER_WAY = {
  catalog: ["select 1 from outbox"],
  booking: [
    "select 1 from outbox",
    "select 1 from bookings where status = 'PENDING'",
    "select 1 from event_inventory where status = 'LOADING'",
  ],
  payment: ["select 1 from outbox", "select 1 from payments where status = 'REQUESTED'"],
};

async function isSettled(rows: Rows): Promise<boolean> {
  for (const [database, queries] of Object.entries(UNDER_WAY)) {
    for (const sql of queries) if ((await rows.query(database, sql)).length > 0) return false;
  }
  return true;
}
