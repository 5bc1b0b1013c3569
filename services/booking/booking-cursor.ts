import { EventixError } from "#contracts/errors.ts";

/** The last booking of a page: the next one begins after it. */
export interface Place {
  /** created_at in microseconds since the epoch, as the database keeps it: a Date would cut it to milliseconds. */
  createdUs: string;
  id: string;
}

export const cursorOf = ({ createdUs, id }: Place): string => Buffer.from(`${createdUs} ${id}`).toString("base64url");

/** Sixteen digits of microseconds reach the year 2286, and stay within what the database can add to its epoch. */
const CURSOR = /^(\d{1,16}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Throws VALIDATION_ERROR for a cursor that no page gave. */
export function placeOf(cursor: string): Place {
  const [, createdUs, id] = CURSOR.exec(Buffer.from(cursor, "base64url").toString()) ?? [];
  if (createdUs && id) return { createdUs, id };
  throw new EventixError("VALIDATION_ERROR", {
    errors: [{ field: "cursor", message: "is not a cursor of this list" }],
  });
}
