import { hash, type KeyObject } from "node:crypto";
import jwt, { type JwtHeader, type JwtPayload } from "jsonwebtoken";
import { LRUCache } from "lru-cache";
import type { Caller } from "#contracts/caller.ts";
import { EventixError } from "#contracts/errors.ts";
import type { KeyRing } from "./key-ring.ts";

/** A token with some scopes is about 1 kB; whatever is longer is not hashed. */
const TOKEN_MAX_LENGTH = 8_192;
const KEY_ID_MAX_LENGTH = 200;
/** Names go into tables and facts. */
const NAME_MAX_LENGTH = 255;
/** Some 500 bytes each. Verifying again costs about 50 µs. */
const VERIFIED_TOKENS_MAX = 50_000;

const BEARER = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

interface Verified {
  caller: Caller;
  expiresAtMs: number;
  kid: string;
  key: KeyObject;
}

/** Tells who sent a bearer token: a JWT signed with RS256 by one issuer for one audience, and not yet expired. */
export class Authenticator {
  readonly #keys: KeyRing;
  readonly #issuer: string;
  readonly #audience: string;
  /** By SHA-256 of the token, so that no token is kept. */
  readonly #verified = new LRUCache<string, Verified>({ max: VERIFIED_TOKENS_MAX });
  readonly #underWay = new Map<string, Promise<Verified>>();

  constructor(options: { keys: KeyRing; issuer: string; audience: string }) {
    this.#keys = options.keys;
    this.#issuer = options.issuer;
    this.#audience = options.audience;
  }

  /**
   * The caller named by an Authorization header.
   * Throws UNAUTHORIZED for a bad token or none, SERVICE_UNAVAILABLE when the issuer's keys cannot be had.
   */
  async callerOf(authorization: string): Promise<Caller> {
    const token = tokenIn(authorization);
    if (!token) throw new EventixError("UNAUTHORIZED");
    return this.#recalled(idOf(token)) ?? (await this.#verifyOnce(idOf(token), token)).caller;
  }

  /** The caller named by an Authorization header if its token was verified before and is still good. */
  recall(authorization: string): Caller | undefined {
    const token = tokenIn(authorization);
    return token ? this.#recalled(idOf(token)) : undefined;
  }

  #recalled(id: string): Caller | undefined {
    const known = this.#verified.get(id);
    if (!known || known.expiresAtMs <= Date.now() || this.#keys.peek(known.kid) !== known.key) return undefined;
    return known.caller;
  }

  #verifyOnce(id: string, token: string): Promise<Verified> {
    const underWay = this.#underWay.get(id);
    if (underWay) return underWay;
    const verifying = this.#verify(token)
      .then((verified) => {
        this.#verified.set(id, verified);
        return verified;
      })
      .finally(() => this.#underWay.delete(id));
    this.#underWay.set(id, verifying);
    return verifying;
  }

  async #verify(token: string): Promise<Verified> {
    const header = headerOf(token);
    // Looked at before a key is asked for: an HS256 token must never meet a public key as its secret.
    if (header?.alg !== "RS256" || typeof header.kid !== "string" || header.kid.length > KEY_ID_MAX_LENGTH) {
      throw new EventixError("UNAUTHORIZED");
    }
    const key = await this.#keys.find(header.kid);
    if (!key) throw new EventixError("UNAUTHORIZED");
    const claims = this.#claimsOf(token, key);
    return { caller: callerFrom(claims), expiresAtMs: claims.exp * 1_000, kid: header.kid, key };
  }

  #claimsOf(token: string, key: KeyObject): JwtPayload & { exp: number } {
    let claims: JwtPayload | string;
    try {
      claims = jwt.verify(token, key, { algorithms: ["RS256"], issuer: this.#issuer, audience: this.#audience });
    } catch {
      throw new EventixError("UNAUTHORIZED");
    }
    // jsonwebtoken takes a token without `exp` for one that never ends.
    if (typeof claims === "string" || typeof claims.exp !== "number") throw new EventixError("UNAUTHORIZED");
    return { ...claims, exp: claims.exp };
  }
}

/** jsonwebtoken throws for a payload that is no JSON. */
function headerOf(token: string): JwtHeader | undefined {
  try {
    return jwt.decode(token, { complete: true })?.header;
  } catch {
    return undefined;
  }
}

const idOf = (token: string) => hash("sha256", token, "base64");

const tokenIn = (authorization: string): string | undefined =>
  authorization.length > TOKEN_MAX_LENGTH ? undefined : BEARER.exec(authorization)?.[1];

function callerFrom(claims: JwtPayload): Caller {
  if (!isName(claims.sub)) throw new EventixError("UNAUTHORIZED");
  const { scope, permissions } = claims as { scope?: unknown; permissions?: unknown };
  return {
    id: claims.sub,
    organizer: isName(claims.org_id) ? claims.org_id : claims.sub,
    scopes: [
      ...(typeof scope === "string" ? scope.split(" ").filter((name) => name !== "") : []),
      ...(Array.isArray(permissions) ? permissions.filter((name) => typeof name === "string") : []),
    ],
  };
}

/** NUL and halves of surrogate pairs cannot be stored. */
const NAME = /^[^\p{Cc}\p{Cs}]+$/u;

const isName = (value: unknown): value is string =>
  typeof value === "string" && value.length <= NAME_MAX_LENGTH && NAME.test(value);
