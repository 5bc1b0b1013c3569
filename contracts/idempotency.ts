import { EventixError } from "./errors.ts";

const VISIBLE_ASCII = /^[!-~]{1,255}$/;

/** The Idempotency-Key that a request carries. Throws VALIDATION_ERROR for one that is none. */
export function checkIdempotencyKey(key: unknown): string {
  if (typeof key === "string" && VISIBLE_ASCII.test(key)) return key;
  const message = "must be 1 to 255 visible ASCII characters";
  throw new EventixError("VALIDATION_ERROR", { errors: [{ field: "idempotency-key", message }] });
}
