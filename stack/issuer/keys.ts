import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface IssuerKey {
  privateKey: KeyObject;
  kid: string;
  /** The public half as a JSON Web Key for a JWKS. */
  jwk: Record<string, unknown>;
}

const keyFile = (home: string) => join(home, "issuer/private.pem");
export const hasIssuerKey = (home: string): boolean => existsSync(keyFile(home));

/** The RSA key that signs this home's tokens, made at first use and readable by its owner only. */
export function issuerKey(home: string): IssuerKey {
  const file = keyFile(home);
  if (!existsSync(file)) makeKey(file);
  const privateKey = createPrivateKey(readFileSync(file));
  const { kty, n, e } = createPublicKey(privateKey).export({ format: "jwk" });
  // RFC 7638: the thumbprint of the members that make the key, in the order of their names.
  const kid = createHash("sha256").update(JSON.stringify({ e, kty, n })).digest("base64url");
  return { privateKey, kid, jwk: { kty, n, e, kid, use: "sig", alg: "RS256" } };
}

function makeKey(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const aside = `${file}.${process.pid}`;
  writeFileSync(aside, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  renameSync(aside, file);
}
