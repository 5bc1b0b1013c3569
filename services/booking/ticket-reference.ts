import { randomBytes } from "node:crypto";

/** Crockford's base32 (https://www.crockford.com/base32.html): no I, L, O or U, so that it can be read aloud. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Draws a ticket reference, `XXXX-XXXX-XXXX`: 60 random bits. Unique only within what it is checked against. */
export function drawTicketReference(): string {
  const characters = [...randomBytes(12)].map((byte) => ALPHABET[byte % 32]).join("");
  return `${characters.slice(0, 4)}-${characters.slice(4, 8)}-${characters.slice(8)}`;
}
