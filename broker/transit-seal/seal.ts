import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scryptSync } from "node:crypto";

/** What a packet is, apart from its content: it is opened only as that. */
export interface Purpose {
  namespace: string;
  /** Moleculer's packet type, which travels in clear. */
  type: string;
  /** The node that it is for; null when it is for all. */
  target: string | null;
}

/** What stands in clear before the content, and is signed with it. */
export interface Header {
  session: string;
  isForAll: boolean;
  sentAtMs: number;
  count: number;
}

const ALGORITHM = "aes-256-gcm";
const VERSION = 1;
const SESSION_BYTES = 16;
const NUMBER_BYTES = 6;
const HEADER_BYTES = 2 + SESSION_BYTES + 2 * NUMBER_BYTES;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** The cluster's key, of TRANSIT_KEY: 32 bytes as base64 are the key, anything else is a password that is stretched to one. */
export function clusterKey(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === KEY_BYTES && bytes.toString("base64").replace(/=+$/, "") === text.replace(/=+$/, ""))
    return bytes;
  return scryptSync(text, "eventix transit", KEY_BYTES);
}

/** A key for each start of each node: with one for all of them, two nodes would use a nonce twice, which tells both contents. */
export const sessionKey = (cluster: Buffer, session: string): Buffer =>
  Buffer.from(hkdfSync("sha256", cluster, Buffer.from(session, "hex"), "eventix transit session", KEY_BYTES));

/**
 * Seals the packets of one start of a node, by AES-256-GCM: version, whether it is for all, session, time and count in clear;
 * the content encrypted; a tag over all of it and the packet's purpose. The count is the nonce, so none comes twice.
 */
export class Sealer {
  readonly #session = randomBytes(SESSION_BYTES).toString("hex");
  readonly #key: Buffer;
  #count = 0;

  constructor(cluster: Buffer) {
    this.#key = sessionKey(cluster, this.#session);
  }

  seal(data: Buffer, purpose: Purpose, sentAtMs = Date.now()): Buffer {
    const count = this.#count++;
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt8(VERSION, 0);
    header.writeUInt8(purpose.target === null ? 1 : 0, 1);
    header.write(this.#session, 2, "hex");
    header.writeUIntBE(sentAtMs, 2 + SESSION_BYTES, NUMBER_BYTES);
    header.writeUIntBE(count, 2 + SESSION_BYTES + NUMBER_BYTES, NUMBER_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonceOf(count));
    cipher.setAAD(signedBeside(header, purpose));
    return Buffer.concat([header, cipher.update(data), cipher.final(), cipher.getAuthTag()]);
  }
}

/** What a packet says of itself, before it is known whether that is true; undefined when it is not sealed. */
export function headerOf(sealed: Buffer): Header | undefined {
  if (sealed.length < HEADER_BYTES + TAG_BYTES || sealed[0] !== VERSION) return undefined;
  return {
    isForAll: sealed[1] === 1,
    session: sealed.toString("hex", 2, 2 + SESSION_BYTES),
    sentAtMs: sealed.readUIntBE(2 + SESSION_BYTES, NUMBER_BYTES),
    count: sealed.readUIntBE(2 + SESSION_BYTES + NUMBER_BYTES, NUMBER_BYTES),
  };
}

/** The content; undefined when key, purpose or any byte is another than at the sealing. */
export function unseal(sealed: Buffer, key: Buffer, count: number, purpose: Purpose): Buffer | undefined {
  const header = sealed.subarray(0, HEADER_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, nonceOf(count), { authTagLength: TAG_BYTES });
  decipher.setAAD(signedBeside(header, purpose));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(HEADER_BYTES, sealed.length - TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function nonceOf(count: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(count, 12 - NUMBER_BYTES, NUMBER_BYTES);
  return nonce;
}

const signedBeside = (header: Buffer, { namespace, type, target }: Purpose): Buffer =>
  Buffer.concat([header, Buffer.from(JSON.stringify([namespace, type, target]))]);
