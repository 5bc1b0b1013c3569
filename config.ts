import { isIP } from "node:net";
import { hostname } from "node:os";

/** One setting: where it comes from, what it is when absent, and why anyone would change it. */
interface Setting<T> {
  env: string;
  parse: (raw: string) => T;
  fallback: string;
  doc: string;
  /** Its value may hold a password, and is never shown. */
  isSecret?: true;
}

const text = (raw: string) => raw;
const list = (raw: string) =>
  raw
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

function networks(raw: string): string[] {
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
function url(example: string, ...schemes: string[]) {
  return (raw: string) => {
    const { protocol, hostname } = (raw.includes("://") && URL.parse(raw)) || { protocol: "", hostname: "" };
    if (raw !== "" && (!schemes.includes(protocol.slice(0, -1)) || hostname === "")) {
      throw new Error(`must be a URL like ${example}`);
    }
    return raw;
  };
}

/** The items that `isOne` accepts, separated by commas; none where nothing is given. */
function listOf(what: string, isOne: (item: string) => boolean) {
  return (raw: string) => {
    const items = list(raw);
    const wrong = raw !== "" && items.length === 0 ? raw : items.find((item) => !isOne(item));
    if (wrong !== undefined) throw new Error(`must be ${what}, several separated by commas; "${wrong}" is none`);
    return items;
  };
}

/** kafkajs takes what stands before the first colon for the host, so an IPv6 address is none. */
function isBroker(item: string): boolean {
  const [, port] = /^[^\s:/@]+:(\d{1,5})$/.exec(item) ?? [];
  return Number(port) >= 1 && Number(port) <= 65_535;
}

/** Browsers send a web page's origin in one form, lower case and without a default port, and it is compared as text. */
function isOrigin(item: string): boolean {
  const isWeb = /^https?:/i.test(item);
  return isWeb ? URL.parse(item)?.origin === item : /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*]+$/.test(item);
}

function origins(raw: string): string[] {
  if (list(raw).some((item) => item.includes("*"))) {
    throw new Error("must name each origin, like https://shop.example: * would let every page on the web read answers");
  }
  return listOf("origins like https://shop.example, without a path", isOrigin)(raw);
}

function integer(min: number, max: number) {
  return (raw: string) => {
    const value = Number(raw);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new Error(`must be a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

const orNone =
  <T>(parse: (raw: string) => T) =>
  (raw: string) =>
    raw === "" ? undefined : parse(raw);

function rate(raw: string): number {
  const value = Number(raw);
  if (raw.trim() === "" || !(value >= 0 && value <= 1)) throw new Error("must be a number from 0 to 1");
  return value;
}

function oneOf<const T extends string>(...values: T[]) {
  return (raw: string) => {
    const value = values.find((v) => v === raw);
    if (value === undefined) throw new Error(`must be one of ${values.join(", ")}`);
    return value;
  };
}

function setting<T>(env: string, fallback: string, parse: (raw: string) => T, doc: string): Setting<T> {
  return { env, fallback, parse, doc };
}

const database = (service: string) => ({
  ...setting(
    `DATABASE_URL_${service.toUpperCase()}`,
    "",
    url("postgres://user:password@host:5432/database", "postgres", "postgresql"),
    `Postgres of the ${service} service.`,
  ),
  isSecret: true as const,
});

/** Every setting of a node. `npm start` and `eventix env` fill in those that name servers. */
export const SETTINGS = {
  services: setting("SERVICES", "gateway,catalog,booking,payment", list, "The services this node runs."),
  nodeId: setting("NODE_ID", "", text, "The node's name in the cluster; made from host, process and time when empty."),
  namespace: setting("NAMESPACE", "eventix", text, "Nodes see only nodes of their own namespace."),
  host: setting("HOST", "127.0.0.1", text, "The address the gateway listens on."),
  port: setting("PORT", "3000", integer(0, 65_535), "The port the gateway listens on; 0 takes a free one."),
  probePort: setting(
    "PROBE_PORT",
    "",
    orNone(integer(0, 65_535)),
    "The port on which a node without a gateway answers /health/live and /health/ready; none when empty.",
  ),
  logLevel: setting(
    "LOG_LEVEL",
    "info",
    oneOf("fatal", "error", "warn", "info", "debug", "trace"),
    "Least severity logged.",
  ),
  logFormat: setting(
    "LOG_FORMAT",
    "auto",
    oneOf("auto", "json", "pretty"),
    "`json` is one object a line, `pretty` is text for people; `auto` is text in a terminal and JSON everywhere else.",
  ),
  catalogDatabaseUrl: database("catalog"),
  bookingDatabaseUrl: database("booking"),
  paymentDatabaseUrl: database("payment"),
  poolSize: setting("POOL_SIZE", "10", integer(2, 200), "Postgres connections a service of this node may open."),
  redisUrl: {
    ...setting("REDIS_URL", "", url("redis://host:6379", "redis", "rediss"), "Redis for the seat locks."),
    isSecret: true,
  },
  kafkaBrokers: setting(
    "KAFKA_BROKERS",
    "",
    listOf("host:port", isBroker),
    "Kafka brokers as host:port, separated by commas.",
  ),
  seatLocks: setting(
    "SEAT_LOCKS",
    "on",
    oneOf("on", "required", "off"),
    "Redis locks before Postgres: `on` goes on without Redis, `required` answers 503 then, `off` is for measuring.",
  ),
  holdSeconds: setting(
    "HOLD_SECONDS",
    "600",
    integer(1, 86_400),
    "How long an event's holds live unless it says otherwise.",
  ),
  maxSeatsPerBooking: setting(
    "MAX_SEATS_PER_BOOKING",
    "10",
    integer(1, 100),
    "Seats a booking unless the event says otherwise.",
  ),
  rateLimitPerMinute: setting(
    "RATE_LIMIT_PER_MINUTE",
    "600",
    integer(1, 1_000_000_000),
    "Requests a user may make on one gateway.",
  ),
  addressRateLimitPerMinute: setting(
    "ADDRESS_RATE_LIMIT_PER_MINUTE",
    "6000",
    integer(1, 1_000_000_000),
    "Requests without a token, or that need none, that one address (of IPv6: one /64) may make on one gateway.",
  ),
  failedLoginsPerMinute: setting(
    "FAILED_LOGINS_PER_MINUTE",
    "60",
    integer(1, 1_000_000_000),
    "Bad tokens one address may send to one gateway before its tokens are refused unread.",
  ),
  trustedProxies: setting(
    "TRUSTED_PROXIES",
    "",
    networks,
    "Addresses and networks (10.0.0.0/8) of our own proxies: what they say in X-Forwarded-For is believed. Behind a proxy that is not listed, all clients share one address.",
  ),
  corsOrigins: setting("CORS_ORIGINS", "", origins, "Origins whose pages may call the API, separated by commas."),
  authJwksUri: setting(
    "AUTH_JWKS_URI",
    "",
    url("https://TENANT/.well-known/jwks.json", "https", "http"),
    "Where the issuer's public keys are (Auth0: https://TENANT/.well-known/jwks.json).",
  ),
  authIssuer: setting("AUTH_ISSUER", "", text, "The `iss` a token must carry."),
  authAudience: setting("AUTH_AUDIENCE", "eventix", text, "The `aud` a token must carry."),
  paymentSuccessRate: setting(
    "PAYMENT_SUCCESS_RATE",
    "0.9",
    rate,
    "Share of payments that the mock provider lets succeed.",
  ),
  paymentNeverRate: setting("PAYMENT_NEVER_RATE", "0", rate, "Share of payments that the mock provider never answers."),
  paymentDelayMs: setting(
    "PAYMENT_DELAY_MS",
    "500",
    integer(0, 3_600_000),
    "How long the mock provider takes to answer.",
  ),
  paymentSeed: setting("PAYMENT_SEED", "1", text, "Another seed lets the mock provider draw other outcomes."),
} as const;

type Values = { readonly [K in keyof typeof SETTINGS]: ReturnType<(typeof SETTINGS)[K]["parse"]> };

/**
 * How long things may take, shortest first: whatever waits outlives what it waits for, so that an outcome is known before
 * somebody gives up on it.
 */
export const TIMEOUTS = Object.freeze({
  lockTimeoutMs: 500,
  statementTimeoutMs: 2_000,
  seatLockMs: 3_000,
  /** For one of the connections of a pool, in a burst. */
  poolWaitMs: 4_000,
  holdDeadlineMs: 5_000,
  gatewayCallMs: 6_000,
  idleInTransactionMs: 3_000,
  /** importVenue and publishEvent, which write in chunks inside one transaction. */
  bulkMs: 120_000,
});

export type Config = Values & { readonly timeouts: typeof TIMEOUTS };

/** The message lists everything that is wrong with the settings; `wrong` has their names. */
export class SettingsError extends Error {
  override name = "SettingsError";
  readonly wrong: string[];
  /** The others. */
  readonly valid: Partial<Values>;

  constructor(problems: Map<string, string>, valid: Partial<Values>) {
    super(`These settings are not valid:\n  ${[...problems.values()].join("\n  ")}`);
    this.wrong = [...problems.keys()];
    this.valid = valid;
  }
}

/** Reads and checks all settings. Throws SettingsError. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const wrong = new Map<string, string>();
  const values: Record<string, unknown> = {};
  for (const [key, { env: name, fallback, parse, isSecret }] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const raw = env[name] || fallback;
    try {
      values[key] = parse(raw);
    } catch (error) {
      wrong.set(name, `${isSecret ? name : `${name}=${raw}`}: ${(error as Error).message}`);
    }
  }
  if (wrong.size > 0) throw new SettingsError(wrong, values as Partial<Values>);
  values.nodeId ||= `${hostname()}-${process.pid}-${Date.now().toString(36)}`;
  assertOrdered(TIMEOUTS);
  return Object.freeze({ ...(values as Values), timeouts: TIMEOUTS });
}

function assertOrdered(t: typeof TIMEOUTS): void {
  const { lockTimeoutMs, statementTimeoutMs, seatLockMs, poolWaitMs, holdDeadlineMs, gatewayCallMs } = t;
  const rising = [lockTimeoutMs, statementTimeoutMs, seatLockMs, poolWaitMs, holdDeadlineMs, gatewayCallMs];
  if (rising.some((ms, i) => i > 0 && ms <= (rising[i - 1] as number))) {
    throw new Error("Time-outs must rise: lock, statement, seat lock, pool wait, hold deadline, gateway call.");
  }
}

/** The settings of this process. */
export const config = readConfig(process.env);
