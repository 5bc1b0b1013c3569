import { createHmac, timingSafeEqual } from "node:crypto";
import { EventixError } from "#contracts/errors.ts";

/** As https://www.standardwebhooks.com says. */
const SCHEME = "v1";
const SECRET_PREFIX = "whsec_";
/** How old, or how far ahead, what is accepted may be: the sender signs anew whenever it sends again. */
const REPLAY_WINDOW_S = 300;
/** One a secret that the sender signs with; more would only make work. */
const SIGNATURES_MAX = 10;

export interface Signed {
  id: string;
  /** Epoch seconds. */
  timestamp: string;
  body: Buffer;
}

/** What the secret signs with: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. */
export const signatureOf = (secret: string, signed: Signed): string =>
  `${SCHEME},${macOf(secret, signed).toString("base64")}`;

/**
 * Throws SIGNATURE_INVALID unless one of the signatures, which stand in a row with spaces between, was made with one of the
 * secrets; then SIGNATURE_STALE when it was made long ago. All are compared, each in the time that equal ones take.
 */
export function checkSignature(
  signed: Signed,
  signatures: string,
  secrets: readonly string[],
  nowMs = Date.now(),
): void {
  const given = signatures.split(" ", SIGNATURES_MAX).flatMap(macIn);
  let fits = false;
  for (const secret of secrets) {
    const mac = macOf(secret, signed);
    for (const other of given) if (other.length === mac.length && timingSafeEqual(other, mac)) fits = true;
  }
  if (!fits) throw new EventixError("SIGNATURE_INVALID");
  // Told only to whoever can sign: how far clocks are apart is nobody else's business.
  const awayS = Math.abs(nowMs / 1_000 - Number(signed.timestamp));
  if (!(awayS <= REPLAY_WINDOW_S)) throw new EventixError("SIGNATURE_STALE");
}

function macOf(secret: string, { id, timestamp, body }: Signed): Buffer {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), "base64");
  return createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
}

function macIn(signature: string): Buffer[] {
  const [scheme, mac] = signature.split(",", 2);
  return scheme === SCHEME && mac ? [Buffer.from(mac, "base64")] : [];
}
