import { BOOKINGS_OF_SEAT, type InspectedSeat, type SeatPlace } from "#contracts/inspection.ts";
import { placeOf, statusOf } from "./booking-text.ts";
import { fields, instant, money, table } from "./text.ts";

/** A seat for a person, with the bookings it was in. */
export function seatText(place: SeatPlace, seat: InspectedSeat): string {
  const rows = seat.bookings.map(({ id, userId, createdAt, releasedAt, ...booking }) => [
    id,
    statusOf(booking),
    instant(createdAt).slice(5, 19),
    releasedAt === null ? "" : instant(releasedAt).slice(5, 19),
    userId,
  ]);
  return [
    `Seat ${placeOf(place)}\n`,
    fields({
      id: seat.seatId,
      index: String(seat.index),
      category: place.category,
      price: money(seat.priceMinor, seat.currency),
      state: `${seat.status}, version ${seat.version}`,
      booking: seat.bookingId,
      "held until": seat.heldUntil && instant(seat.heldUntil),
    }),
    "\n",
    table(["BOOKING", "STATE", "SINCE (UTC)", "RELEASED", "USER"], rows, "It was in no booking."),
    rows.length === BOOKINGS_OF_SEAT ? "Older bookings are not shown.\n" : "",
  ].join("");
}
