import type { EventResponse } from "#contracts/catalog.ts";
import type { InspectedEvent } from "#contracts/inspection.ts";
import { statusOf } from "./booking-text.ts";
import { fields, instant, money, table } from "./text.ts";

/** An event for a person; `shelf` is what booking has of it, null while it has not heard of it. */
export function eventText({ id, name, startsAt, venue }: EventResponse, shelf: InspectedEvent | null): string {
  const about = { event: id, name, venue: venue.name, starts: instant(startsAt) };
  if (!shelf) return `${fields(about)}\nBooking has not heard of it yet: its event.published is on its way (lag).\n`;
  const { currency, bookings, seats } = shelf;
  const rows = bookings.map((group) => [statusOf(group), String(group.count), money(group.totalMinor, currency)]);
  return [
    fields({
      ...about,
      sale: saleOf(shelf),
      terms: `holds of ${shelf.holdSeconds} s, at most ${shelf.maxSeatsPerBooking} seats a booking`,
      seats: Object.entries(seats)
        .map(([status, count]) => `${count} ${status.toLowerCase()}`)
        .join(", "),
      "next expiry": shelf.nextExpiry && instant(shelf.nextExpiry),
      "not swept": shelf.runOut > 0 ? `${shelf.runOut} bookings have run out: sweep expires them` : null,
    }),
    "\n",
    table(["BOOKINGS", "COUNT", "TOTAL"], rows, "It has no bookings."),
  ].join("");
}

function saleOf({ status, isOnSale, saleFrom, saleUntil, loadedVersion, version }: InspectedEvent): string {
  if (status === "LOADING") return "not yet: booking is taking over its seats from catalog";
  const window = [saleFrom && `from ${instant(saleFrom)}`, saleUntil && `until ${instant(saleUntil)}`];
  const said = [isOnSale ? "on" : "off", ...window, loadedVersion < version && "(new prices are being taken over)"];
  return said.filter(Boolean).join(" ");
}
