import { after } from "node:test";
import type { FactData } from "#contracts/events.ts";
import { newFact } from "#contracts/events.ts";
import { applyBatch } from "#mixins/apply-batch.ts";
import type { BatchConsumer } from "#mixins/batch-consumer.ts";
import { createPool } from "#mixins/database.mixin.ts";
import { eventPublishedConsumer } from "../../../services/booking/event-published.consumer.ts";
import { Provisioner } from "../../../services/booking/provisioner.ts";
import type { ServiceCall } from "../../../services/booking/service-call.ts";
import { callAsService, publishedEvent } from "../../catalog/support/catalog.ts";
import { recordingLogger, recordOf } from "../../facts/fixture.ts";
import { freshDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";

export type Terms = FactData<"event.published">;

/** Booking's database of its own; catalog is the real service (catalog/support). */
export const pool = createPool(await freshDatabase("booking"), "test");
after(() => pool.end());

export const { logger, lines } = recordingLogger();

export const catalog: ServiceCall = (action, params) => callAsService(action.replace("catalog.", ""), params);

/** The terms of a new event with so many seats, as catalog announces them. */
export async function announced(seats: number): Promise<Terms> {
  const { id } = await publishedEvent(seats);
  return catalog("catalog.getTerms", { eventId: id });
}

/** Brings booking the fact with these terms; resolves to how often it was told to fetch seats. */
export async function deliver(...terms: Terms[]): Promise<number> {
  let woken = 0;
  const consumer = eventPublishedConsumer(() => woken++) as BatchConsumer;
  const facts = terms.map((data) => newFact("event.published", "eventix/catalog", data.eventId, data));
  const { refused } = await applyBatch({ pool, consumer, name: "booking.event-published" }, facts.map(recordOf));
  if (refused.length > 0) throw new Error(refused[0]?.reason);
  return woken;
}

let nodes = 0;
const running: Provisioner[] = [];
after(() => Promise.all(running.map((node) => node.stop())));

export function provisioner(call: ServiceCall = catalog): Provisioner {
  nodes += 1;
  const node = new Provisioner({ pool, call, logger, nodeId: `node-${nodes}` });
  running.push(node);
  return node;
}

/** Loads what waits until the event is on sale by its last terms: a node tries again what was too slow for a statement's time. */
export async function loaded(eventId: string): Promise<void> {
  const node = provisioner();
  const isLoaded = async () => {
    await node.runOnce();
    const inventory = await inventoryOf(eventId);
    return inventory !== undefined && inventory.loaded === inventory.version;
  };
  await until(isLoaded, { what: `event ${eventId} to be loaded` });
}

export interface Inventory {
  status: string;
  version: number;
  loaded: number;
  maxSeats: number;
}

export async function inventoryOf(eventId: string): Promise<Inventory | undefined> {
  const { rows } = await pool.query<Inventory>(
    `select status, version, loaded_version as loaded, max_seats_per_booking as "maxSeats"
     from event_inventory where event_id = $1`,
    [eventId],
  );
  return rows[0];
}

export interface ShelfRow {
  index: number;
  price: number;
  status: string;
}

export async function shelfOf(eventId: string): Promise<ShelfRow[]> {
  const { rows } = await pool.query<ShelfRow>(
    `select seat_index as index, price_minor::integer as price, status
     from seat_inventory where event_id = $1 order by seat_index`,
    [eventId],
  );
  return rows;
}

/** Changes the state of one seat as a booking would. */
export async function mark(eventId: string, index: number, status: string): Promise<void> {
  await pool.query(
    `update seat_inventory set status = $3, version = version + 1,
       booking_id = case when $3 in ('HELD', 'BOOKED') then gen_random_uuid() end,
       held_until = case when $3 = 'HELD' then '2030-01-01T00:00:00.123Z'::timestamptz end
     where event_id = $1 and seat_index = $2`,
    [eventId, index, status],
  );
}
