import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import jwt, { type SignOptions } from "jsonwebtoken";

export const ISSUER = "https://issuer.test/";
export const AUDIENCE = "eventix";

export interface SigningKey {
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

export function makeKey(kid: string): SigningKey {
  return { kid, ...generateKeyPairSync("rsa", { modulusLength: 2048 }) };
}

/** A token of our issuer, good for a minute unless the claims or options say otherwise. */
export function sign(key: SigningKey, claims: object = {}, options: SignOptions = {}): string {
  const now = Math.floor(Date.now() / 1_000);
  const payload = { sub: "alice", iss: ISSUER, aud: AUDIENCE, iat: now, exp: now + 60, ...claims };
  const defined = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
  return jwt.sign(defined, key.privateKey, { algorithm: "RS256", keyid: key.kid, ...options });
}

/** A JWKS endpoint on a port of its own, whose keys can change and which counts who asks. */
export class Issuer {
  keys: SigningKey[];
  reads = 0;
  /** Answers with this status instead of the keys. */
  brokenStatus: number | undefined;
  /** Answers with this text instead of the keys. */
  garbage: string | undefined;
  /** Begins an answer and never ends it. */
  hangs = false;
  #server: Server;

  constructor(keys: SigningKey[]) {
    this.keys = keys;
    this.#server = createServer((_req, res) => {
      this.reads += 1;
      if (this.brokenStatus) return res.writeHead(this.brokenStatus).end();
      res.writeHead(200, { "content-type": "application/json" });
      if (this.hangs) return res.write("{");
      return res.end(this.garbage ?? JSON.stringify({ keys: this.keys.map(toJwk) }));
    });
  }

  async listen(port = 0): Promise<string> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    return this.uri;
  }

  get uri(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/jwks.json`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export const toJwk = ({ kid, publicKey }: SigningKey) => ({
  ...createPublicKey(publicKey.export({ type: "spki", format: "pem" })).export({ format: "jwk" }),
  kid,
  use: "sig",
  alg: "RS256",
});
