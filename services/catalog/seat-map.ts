import { LRUCache } from "lru-cache";
import type { Pool } from "pg";
import type { SeatMap } from "#contracts/catalog.ts";
import { findTerms } from "./event.repository.ts";
import { type MapSeat, pageOfSeats } from "./seat.repository.ts";

/** Seats in all maps kept: some 80 MB. */
const KEPT_SEATS_MAX = 400_000;
/** Seats read at a time: each read stays far below the statement time-out, and others get their turn between two. */
const PAGE_SEATS = 10_000;

/** Maps of published events. A map is frozen with its event's version, so it is kept; requests for one being made share it. */
export class SeatMaps {
  readonly #pool: Pool;
  readonly #kept = new LRUCache<string, SeatMap>({ maxSize: KEPT_SEATS_MAX, sizeCalculation: sizeOf });
  readonly #making = new Map<string, Promise<SeatMap>>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Undefined when no such event is published. */
  async get(eventId: string): Promise<SeatMap | undefined> {
    const terms = await findTerms(this.#pool, eventId);
    if (!terms) return undefined;
    const key = `${eventId}.${terms.version}`;
    const kept = this.#kept.get(key) ?? this.#making.get(key);
    if (kept) return kept;
    const making = this.#make(eventId, terms.version, terms.prices).finally(() => this.#making.delete(key));
    this.#making.set(key, making);
    const map = await making;
    this.#kept.set(key, map);
    return map;
  }

  async #make(eventId: string, version: number, prices: Record<string, number>): Promise<SeatMap> {
    const map: SeatMap = { version, zones: [] };
    let last: MapSeat | undefined;
    for (;;) {
      const page = await pageOfSeats(this.#pool, eventId, last?.index ?? -1, PAGE_SEATS);
      for (const seat of page) {
        place(map, seat, last, prices);
        last = seat;
      }
      if (page.length < PAGE_SEATS) return map;
    }
  }
}

/** Adds the seat after the one before it: seats come by zone and row. */
function place(map: SeatMap, seat: MapSeat, before: MapSeat | undefined, prices: Record<string, number>): void {
  const { zoneIndex, zone, rowIndex, row, ...shown } = seat;
  if (before?.zoneIndex !== zoneIndex) map.zones.push({ name: zone, rows: [] });
  const { rows } = map.zones.at(-1) as SeatMap["zones"][number];
  if (before?.zoneIndex !== zoneIndex || before.rowIndex !== rowIndex) rows.push({ name: row, seats: [] });
  const { id, index, number, x, y, category } = shown;
  rows.at(-1)?.seats.push({ id, index, number, x, y, category, priceMinor: prices[category] as number });
}

function sizeOf(map: SeatMap): number {
  let seats = 1;
  for (const zone of map.zones) for (const row of zone.rows) seats += row.seats.length;
  return seats;
}
