import type { Pool } from "pg";
import type { AvailabilityQuery, BitsAvailability, SeatsAvailability } from "#contracts/booking.ts";
import { readStates, readTaken, type TakenSeats } from "./inventory.repository.ts";

const SEATS_A_BYTE = 4;

/** The states of all seats of an event that is on sale (EventDirectory.require), as they stand in the tables now. */
export async function readAvailability(
  pool: Pool,
  { eventId, as }: AvailabilityQuery,
): Promise<SeatsAvailability | BitsAvailability> {
  if (as === "bits") {
    const seats = await readTaken(pool, eventId);
    return { seatCount: seats.seatCount, bits: packBits(seats).toString("base64") };
  }
  const seats = await readStates(pool, eventId);
  return { seatCount: seats.length, seats };
}

/** Two bits a seat, the first seat in the lowest bits of the first byte: 0 free, 1 held, 2 booked, 3 blocked. */
export function packBits({ seatCount, taken }: TakenSeats): Buffer {
  const bytes = Buffer.alloc(Math.ceil(seatCount / SEATS_A_BYTE));
  for (const [bits, indexes] of [
    [1, taken.HELD],
    [2, taken.BOOKED],
    [3, taken.BLOCKED],
  ] as const) {
    for (const index of indexes) {
      const at = Math.floor(index / SEATS_A_BYTE);
      bytes[at] = (bytes[at] as number) | (bits << (2 * (index % SEATS_A_BYTE)));
    }
  }
  return bytes;
}
