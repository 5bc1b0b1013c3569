import { hostname } from "node:os";
import { BUS_SETTINGS, busProblems } from "./bus-settings.ts";
import { developmentSettings } from "./production-settings.ts";
import { readSettings, secret, setting, type ValuesOf } from "./setting.ts";
import {
  bearer,
  integer,
  list,
  networks,
  oddUrls,
  oneOf,
  origins,
  orNone,
  rate,
  text,
  url,
  webhookSecrets,
} from "./setting-values.ts";

const database = (service: string) =>
  secret(
    `DATABASE_URL_${service.toUpperCase()}`,
    url("postgres://user:password@host:5432/database", "postgres", "postgresql"),
    `Postgres of the ${service} service.`,
  );

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
    "The port on which any node answers /health/live, /health/ready and /metrics (Prometheus); none when empty.",
  ),
  nodeEnv: setting("NODE_ENV", "", text, "`production`, as the image sets it: settings for development are refused."),
  developmentSettings: setting(
    "DEVELOPMENT_SETTINGS",
    "auto",
    oneOf("auto", "allowed", "refused"),
    "Whether a node starts with the local issuer, an issuer by http, a sample password, or the mock provider that nobody named; `auto` refuses them in production.",
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
  redisUrls: secret(
    "REDIS_URL",
    oddUrls("redis://host:6379", "redis", "rediss"),
    "Redis for the seat locks; `rediss://` by TLS. Three or five that know nothing of one another, separated by commas: a lock is what most of them have granted.",
  ),
  ...BUS_SETTINGS,
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
  repeatAfterMs: setting(
    "REPEAT_AFTER_MS",
    "1000",
    integer(100, 4_000),
    "How long a gateway waits for a node's answer before it asks another one too, where asking twice does no harm.",
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
  paymentProvider: setting(
    "PAYMENT_PROVIDER",
    "mock",
    oneOf("mock", "webhook"),
    "Who takes the money: `mock` pays by itself, `webhook` sends buyers to a page and tells the result later.",
  ),
  paymentApiUrl: setting(
    "PAYMENT_API_URL",
    "",
    url("https://api.provider.example", "https", "http"),
    "Where the webhook provider is asked to charge, stop and refund.",
  ),
  paymentApiKey: secret("PAYMENT_API_KEY", bearer, "What the webhook provider knows us by."),
  paymentWebhookSecrets: secret(
    "PAYMENT_WEBHOOK_SECRETS",
    webhookSecrets,
    "What signs the provider's events (`whsec_…`), several separated by commas while they are changed.",
  ),
  paymentWebhookSecretsFile: setting(
    "PAYMENT_WEBHOOK_SECRETS_FILE",
    "",
    text,
    "A file with more of them, one a line, that is read again when it changes.",
  ),
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

export { webhookSecrets };

type Values = ValuesOf<typeof SETTINGS>;

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
  /** Private: whoever prints an error whole, as Node.js does with one that nobody catches, would print every password. */
  readonly #valid: Partial<Values>;

  constructor(problems: Map<string, string>, valid: Partial<Values>) {
    super(`These settings are not valid:\n  ${[...problems.values()].join("\n  ")}`);
    this.wrong = [...problems.keys()];
    this.#valid = valid;
  }

  /** The others. */
  get valid(): Partial<Values> {
    return this.#valid;
  }
}

/** Reads and checks all settings. Throws SettingsError. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const { values, wrong } = readSettings(SETTINGS, env);
  for (const [name, problem] of busProblems(values)) if (!wrong.has(name)) wrong.set(name, `${name}: ${problem}`);
  if (wrong.size > 0) throw new SettingsError(wrong, values);
  assertOrdered(TIMEOUTS);
  const nodeId = values.nodeId || `${hostname()}-${process.pid}-${Date.now().toString(36)}`;
  return Object.freeze({ ...(values as Values), nodeId, timeouts: TIMEOUTS });
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

/** Its settings, for a node that is to start. Throws SettingsError for those that are only for development, in production. */
export const nodeConfig = (): Config => withoutDevelopment(config, process.env);

/** The settings, if `env`, which they were read from, may be a running node's. Throws SettingsError. */
export function withoutDevelopment(settings: Config, env: Record<string, string | undefined>): Config {
  const { nodeEnv, developmentSettings: rule } = settings;
  const isRefused = rule === "auto" ? nodeEnv === "production" : rule === "refused";
  const found = isRefused ? developmentSettings(settings, env) : new Map<string, string>();
  if (found.size === 0) return settings;
  found.set("DEVELOPMENT_SETTINGS", "They are for development; DEVELOPMENT_SETTINGS=allowed takes them all the same.");
  throw new SettingsError(found, settings);
}
