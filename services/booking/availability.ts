import type { Pool } from "pg";
import type { AvailabilityQuery, BitsAvailability, SeatsAvailability } from "#contracts/booking.ts";
import { readStates, readStatusDigits } from "./inventory.repository.ts";

const SEATS_A_BYTE = 4;

/** The states of all seats of an event that is on sale (EventDirectory.require), as they stand in the tables now. */
export async function readAvailability(
  pool: Pool,
  { eventId, as }: AvailabilityQuery,
): Promise<SeatsAvailability | BitsAvailability> {
  if (as === "bits") {
    const digits = await readStatusDigits(pool, eventId);
    return { seatCount: digits.length, bits: packBits(digits).toString("base64") };
  }
  const seats = await readStates(pool, eventId);
  return { seatCount: seats.length, seats };
}

/** Two bits a digit from 0 to 3, the first in the lowest bits of the first byte. */
export function packBits(digits: string): Buffer {
  const bytes = Buffer.alloc(Math.ceil(digits.length / SEATS_A_BYTE));
  for (let i = 0; i < digits.length; i++) {
    const at = Math.floor(i / SEATS_A_BYTE);
    bytes[at] = (bytes[at] as number) | (Number(digits[i]) << (2 * (i % SEATS_A_BYTE)));
  }
  return bytes;
}
