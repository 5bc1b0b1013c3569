import type { EventResponse, ImportedVenue } from "#contracts/catalog.ts";
import { signToken } from "#stack/issuer/token.ts";
import { ApiClient } from "../../cli/api.client.ts";
import { type Effort, type Figure, repeated, type Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

const SEATS = 50_000;
const SEATS_A_ROW = 50;
const ROWS_A_ZONE = 20;

/** From the organizer's click on publish until seats can be asked for. */
export const provision: Scenario = {
  name: "provision",
  what: "publish an event of 50,000 seats, all services on one node",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const node = await world.node("gateway,catalog,booking,payment");
    const token = signToken(world.home, "organizer", { scopes: ["catalog:write"], expires: "6h" });
    const api = new ApiClient({ url: `http://127.0.0.1:${node.port}`, token });
    const plan = JSON.stringify(planOf(Math.max(SEATS_A_ROW, Math.round(SEATS * effort.scale))));
    const { imported, onSale } = await repeated(effort, async () => {
      const [venue, imported] = await timed(() => api.post<ImportedVenue>("/api/venues", plan));
      const event = await api.post<EventResponse>("/api/events", {
        venueId: venue.venueId,
        name: "Bench",
        startsAt: "2040-01-01T20:00:00Z",
        currency: "EUR",
        prices: { Stalls: 2_500 },
      });
      const [, onSale] = await timed(async () => {
        await api.post(`/api/events/${event.id}/publish`, {});
        await api.untilOnSale(event.id);
      });
      return { imported, onSale };
    });
    await node.stop();
    return [
      { what: "import of the plan", unit: "s", values: imported },
      { what: "publish until on sale", unit: "s", values: onSale, bar: { atMost: 3 } },
    ];
  },
};

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const began = performance.now();
  const result = await work();
  return [result, (performance.now() - began) / 1_000];
}

function planOf(seats: number) {
  const rows = Array.from({ length: Math.ceil(seats / SEATS_A_ROW) }, (_, row) => ({
    row_number: `${row + 1}`,
    position: { x: 0, y: row * 30 },
    seats: Array.from({ length: Math.min(SEATS_A_ROW, seats - row * SEATS_A_ROW) }, (_, seat) => ({
      seat_guid: `${row + 1}-${seat + 1}`,
      seat_number: `${seat + 1}`,
      position: { x: seat * 25, y: 0 },
      category: "Stalls",
    })),
  }));
  const zones = Array.from({ length: Math.ceil(rows.length / ROWS_A_ZONE) }, (_, zone) => ({
    name: `Block ${zone + 1}`,
    position: { x: 0, y: zone * ROWS_A_ZONE * 30 },
    rows: rows.slice(zone * ROWS_A_ZONE, (zone + 1) * ROWS_A_ZONE),
  }));
  return {
    name: "Bench hall",
    categories: [{ name: "Stalls" }],
    zones,
    size: { width: SEATS_A_ROW * 25, height: rows.length * 30 },
  };
}
