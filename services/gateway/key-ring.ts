import { createPublicKey, type KeyObject } from "node:crypto";
import { JwksClient } from "jwks-rsa";
import type { HealthPart } from "#broker/node-health.ts";
import { EventixError } from "#contracts/errors.ts";
import type { Dependency } from "#contracts/health.ts";

/** Keys read longer ago are read again while they are still used. */
const FRESH_MS = 30_000;
/** Keys read longer ago are not used: a key that its issuer took away is honoured at most this long. */
const TRUST_MS = 60_000;
/** An unknown key id makes the keys be read again, but not more often than this: ids are made up for free. */
const COOL_DOWN_MS = 5_000;
const RETRY_MS = 1_000;
/** The least that RFC 7518 allows, and jsonwebtoken takes. */
const RSA_BITS_MIN = 2_048;
const READ_TIMEOUT_MS = 2_000;

/**
 * The issuer's public keys (RFC 7517), read when needed.
 *
 * Read as a whole and kept as a whole, unlike jwks-rsa's own cache of single keys, so that a key's removal is seen and an
 * unknown id costs no request of its own. Every reader waits for the one request under way.
 */
export class KeyRing implements HealthPart {
  readonly #client: JwksClient;
  readonly #now: () => number;
  #keys = new Map<string, KeyObject>();
  #readAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  #failed = false;
  #reading: Promise<void> | undefined;
  #health: Dependency | undefined;

  /** `now` in milliseconds from any origin, never going back. */
  constructor(jwksUri: string, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#client = new JwksClient({ jwksUri, cache: false, rateLimit: false, fetcher: fetchJwks });
  }

  /** The key if it can be told without waiting. */
  peek(kid: string): KeyObject | undefined {
    const age = this.#now() - this.#readAt;
    if (age > TRUST_MS) return undefined;
    if (age > FRESH_MS) this.#read().catch(() => undefined);
    return this.#keys.get(kid);
  }

  /** The key, or undefined when the issuer has none of this id. Throws SERVICE_UNAVAILABLE when the issuer cannot be asked. */
  async find(kid: string): Promise<KeyObject | undefined> {
    const known = this.peek(kid);
    if (known) return known;
    await this.#read();
    return this.#keys.get(kid);
  }

  /** Without the issuer nobody new is let in; what needs no token is answered still. */
  hindrance(): undefined {
    return undefined;
  }

  /** As the last reading went; nothing is asked for this alone. */
  dependency(): Dependency | undefined {
    return this.#health;
  }

  #read(): Promise<void> {
    if (this.#reading) return this.#reading;
    const since = this.#now() - this.#triedAt;
    if (this.#failed && since < RETRY_MS) return Promise.reject(new EventixError("SERVICE_UNAVAILABLE"));
    if (!this.#failed && since < COOL_DOWN_MS) return Promise.resolve();
    this.#triedAt = this.#now();
    this.#reading = this.#replaceKeys().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #replaceKeys(): Promise<void> {
    const asked = this.#now();
    this.#failed = true;
    this.#keys = await this.#fetchKeys().catch(() => {
      this.#note("down", null);
      throw new EventixError("SERVICE_UNAVAILABLE");
    });
    this.#note("up", Math.round(this.#now() - asked));
    this.#readAt = asked;
    this.#failed = false;
  }

  #note(state: Dependency["state"], latencyMs: number | null): void {
    const before = this.#health;
    const since = before?.state === state ? before.since : new Date().toISOString();
    this.#health = { name: "issuer", service: "gateway", state, required: false, latencyMs, since };
  }

  async #fetchKeys(): Promise<Map<string, KeyObject>> {
    const keys = new Map<string, KeyObject>();
    for (const { kid, getPublicKey } of await this.#client.getSigningKeys()) {
      const key = createPublicKey(getPublicKey());
      if (!kid || !isUsable(key)) continue;
      const known = this.#keys.get(kid);
      // The same object for the same key: verified tokens are tied to it.
      keys.set(kid, known?.equals(key) ? known : key);
    }
    if (keys.size === 0) throw new TypeError("the issuer has no key that RS256 could be checked with");
    return keys;
  }
}

/** What jwks-rsa reads of a broken key is a shorter one. */
const isUsable = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) =>
  asymmetricKeyType === "rsa" && (asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS_MIN;

/** With a deadline over the whole answer: jwks-rsa's own request waits for ever when a connection is cut in mid-body. */
async function fetchJwks(uri: string): Promise<{ keys: unknown }> {
  const response = await fetch(uri, { signal: AbortSignal.timeout(READ_TIMEOUT_MS), redirect: "error" });
  if (!response.ok) throw new TypeError(`${uri} answered ${response.status}`);
  return (await response.json()) as { keys: unknown };
}
