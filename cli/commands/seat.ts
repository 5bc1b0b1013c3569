import { InvalidArgumentError } from "commander";
import type { InspectedSeat, SeatPlace } from "#contracts/inspection.ts";
import { StackError } from "#stack/stack-error.ts";
import { type Ask, noEvent } from "../inspect/ask.ts";
import { placeOf } from "../inspect/booking-text.ts";
import { inspectionCommand } from "../inspect/command.ts";
import { type Inspection, id } from "../inspect/inspection.ts";
import { seatText } from "../inspect/seat-text.ts";

const SEAT_LENGTH_MAX = 600;

export const seat: Inspection = {
  name: "seat",
  description: "Show a seat and the bookings it was in.",
  arguments: [
    id("event"),
    {
      name: "id|index|zone/row/number",
      parse(value) {
        if (value !== "" && value.length <= SEAT_LENGTH_MAX) return value;
        throw new InvalidArgumentError("Name a seat by its id, its index or its zone/row/number: Stalls/A/12.");
      },
    },
  ],
  services: ["booking", "catalog"],
  async run({ ask }, eventId, asked) {
    const place = await findPlace(ask, eventId as string, asked as string);
    const state = await ask<InspectedSeat>(
      "booking.inspectSeat",
      { eventId, seatId: place.seatId },
      {
        refusals: { SEAT_NOT_FOUND: "Booking has not taken this seat over from catalog yet: look at the event" },
      },
    );
    const { zone, row, number, category } = place;
    return { json: { ...state, zone, row, number, category }, text: seatText(place, state) };
  },
};

export const seatCommand = () => inspectionCommand(seat);

/** The one seat that is meant. Throws StackError when there is none, or several. */
async function findPlace(ask: Ask, eventId: string, asked: string): Promise<SeatPlace> {
  const [place, ...others] = await ask<SeatPlace[]>("catalog.inspectSeats", { eventId, seats: [asked] });
  if (!place) {
    await ask("catalog.getEvent", { id: eventId }, { refusals: { EVENT_NOT_FOUND: noEvent(eventId) } });
    throw new StackError(`The event has no seat ${asked}: name it by its id, its index or its zone/row/number`);
  }
  if (others.length === 0) return place;
  const indexes = [place, ...others].map(({ index }) => index).join(", ");
  throw new StackError(`${others.length + 1} seats are called ${placeOf(place)}: name one by its index, ${indexes}`);
}
