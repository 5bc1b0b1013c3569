import { isIP } from "node:net";

/** How the text of a setting becomes its value: each takes the text or throws with what it must be. */

export const text = (raw: string) => raw;
export const list = (raw: string) =>
  raw
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

export function networks(raw: string): string[] {
  for (const item of list(raw)) {
    const [address = "", bits = "0", more] = item.split("/");
    const bitsMax = { 0: -1, 4: 32, 6: 128 }[isIP(address)] as number;
    if (!/^\d{1,3}$/.test(bits) || Number(bits) > bitsMax || more !== undefined) {
      throw new Error(`must be addresses or networks such as 10.0.0.0/8, separated by commas; ${item} is none`);
    }
  }
  return list(raw);
}

/** A URL of one of these schemes that names a host, as it is; empty where none is given. */
export function url(example: string, ...schemes: string[]) {
  return (raw: string) => {
    const { protocol, hostname } = (raw.includes("://") && URL.parse(raw)) || { protocol: "", hostname: "" };
    if (raw !== "" && (!schemes.includes(protocol.slice(0, -1)) || hostname === "")) {
      throw new Error(`must be a URL like ${example}`);
    }
    return raw;
  };
}

/** URLs as above, of which most can always be told: an even number bears no more losses than one less. */
export function oddUrls(example: string, ...schemes: string[]) {
  const one = url(example, ...schemes);
  return (raw: string) => {
    const urls = raw === "" ? [] : raw.split(",").map((item) => item.trim());
    if (urls.includes("")) throw new Error(`must be a URL like ${example}`);
    for (const item of urls) one(item);
    if (new Set(urls).size < urls.length) throw new Error("names a server twice");
    if (urls.length > 0 && urls.length % 2 === 0) throw new Error("must be one server, or an odd number of them");
    return urls;
  };
}

/** The items that `isOne` accepts, separated by commas; none where nothing is given. */
export function listOf(what: string, isOne: (item: string) => boolean) {
  return (raw: string) => {
    const items = list(raw);
    const wrong = raw !== "" && items.length === 0 ? raw : items.find((item) => !isOne(item));
    if (wrong !== undefined) throw new Error(`must be ${what}, several separated by commas; "${wrong}" is none`);
    return items;
  };
}

/** As Standard Webhooks writes them: 24 to 64 random bytes in base64. */
const isWebhookSecret = (item: string): boolean => /^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/.test(item);

export function webhookSecrets(raw: string): string[] {
  const items = list(raw);
  if (items.every(isWebhookSecret)) return items;
  throw new Error("must be secrets like whsec_ and 24 to 64 bytes in base64, several separated by commas");
}

/** kafkajs takes what stands before the first colon for the host, so an IPv6 address is none. */
export function isBroker(item: string): boolean {
  const [, port] = /^[^\s:/@]+:(\d{1,5})$/.exec(item) ?? [];
  return Number(port) >= 1 && Number(port) <= 65_535;
}

/** Browsers send a web page's origin in one form, lower case and without a default port, and it is compared as text. */
function isOrigin(item: string): boolean {
  const isWeb = /^https?:/i.test(item);
  return isWeb ? URL.parse(item)?.origin === item : /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*]+$/.test(item);
}

/** What can stand in a header. */
export function bearer(raw: string): string {
  if (!/^[!-~]{0,500}$/.test(raw)) throw new Error("must be at most 500 visible ASCII characters");
  return raw;
}

export function origins(raw: string): string[] {
  if (list(raw).some((item) => item.includes("*"))) {
    throw new Error("must name each origin, like https://shop.example: * would let every page on the web read answers");
  }
  return listOf("origins like https://shop.example, without a path", isOrigin)(raw);
}

export function integer(min: number, max: number) {
  return (raw: string) => {
    const value = Number(raw);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new Error(`must be a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

export const orNone =
  <T>(parse: (raw: string) => T) =>
  (raw: string) =>
    raw === "" ? undefined : parse(raw);

export function rate(raw: string): number {
  const value = Number(raw);
  if (raw.trim() === "" || !(value >= 0 && value <= 1)) throw new Error("must be a number from 0 to 1");
  return value;
}

export function oneOf<const T extends string>(...values: T[]) {
  return (raw: string) => {
    const value = values.find((v) => v === raw);
    if (value === undefined) throw new Error(`must be one of ${values.join(", ")}`);
    return value;
  };
}
