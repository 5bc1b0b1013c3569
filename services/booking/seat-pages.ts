import type { ListSeats, SeatPage, SeatPrice } from "#contracts/catalog.ts";
import type { ServiceCall } from "./service-call.ts";

/**
 * The seats of an event above an index, in its order and in catalog's pages. Asks for the next page while the present one is
 * in use. Throws what catalog.listSeats throws.
 */
export async function* seatPages(call: ServiceCall, { eventId, afterIndex }: ListSeats): AsyncGenerator<SeatPrice[]> {
  const ask = (after: number) => {
    const page = call<SeatPage>("catalog.listSeats", { eventId, afterIndex: after });
    // Awaited in the next turn, or never, when this one fails: a rejection is not to go unhandled.
    page.catch(() => {});
    return page;
  };
  let page: Promise<SeatPage> | undefined = ask(afterIndex);
  while (page) {
    const { seats, nextAfterIndex }: SeatPage = await page;
    page = nextAfterIndex === null ? undefined : ask(nextAfterIndex);
    yield seats;
  }
}
