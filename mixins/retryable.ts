import { RolledBackError, sqlState } from "./transaction.ts";

interface Passing {
  /** Matched against SQLSTATE, errno code, error name or the first words of the message. */
  codes: RegExp;
  /** How long to wait before the first repeat; later ones wait longer (`backOffMs`). */
  waitMs: number;
  why: string;
}

/** What may pass by itself. Whatever is not here, nor says of itself that it is retryable, fails again if it is repeated. */
export const RETRYABLE = {
  postgres: [
    { codes: /^26000$/, waitMs: 0, why: "a statement's first use rolled back; its second use prepares it again" },
    { codes: /^40(001|P01)$/, waitMs: 20, why: "serialization failure, deadlock: one of the two goes on" },
    { codes: /^55P03$/, waitMs: 50, why: "lock_timeout: somebody holds the row" },
    { codes: /^25P0[34]$/, waitMs: 100, why: "idle in transaction or transaction time-out: the connection was slow" },
    { codes: /^57014$/, waitMs: 200, why: "statement_timeout: the server is busy" },
    { codes: /^53/, waitMs: 500, why: "connections, memory or disk ran out" },
    { codes: /^(08|57P0)/, waitMs: 500, why: "connection lost, server starting or stopping" },
    { codes: /^(25006|58)/, waitMs: 1_000, why: "a standby before its promotion; an I/O error" },
  ],
  network: [
    { codes: /^E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH)$/, waitMs: 500, why: "peer away" },
    { codes: /^E(NOTFOUND|AI_AGAIN)$/, waitMs: 1_000, why: "no name service, or a container that starts" },
    {
      codes:
        /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/,
      waitMs: 500,
      why: "pg says so without a code",
    },
  ],
  kafka: [
    {
      codes: /^KafkaJS(Connection|RequestTimeout|Broker|NoBroker|NumberOfRetries|Lock|GroupCoordinatorNotFound)/,
      waitMs: 500,
      why: "no broker",
    },
  ],
  redis: [
    { codes: /^(LOADING|READONLY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|BUSY)\b/, waitMs: 500, why: "restart or failover" },
  ],
} as const satisfies Record<string, readonly Passing[]>;

const ROWS: readonly Passing[] = Object.values(RETRYABLE).flat();
/** Errors that carry the flag themselves: kafkajs `retriable`, Moleculer's and our own `retryable`. */
const FLAGGED = { waitMs: 250, why: "whoever was asked said that it may pass" };
const LONGEST_WAIT_MS = 5_000;

interface Failure {
  name?: unknown;
  code?: unknown;
  message?: unknown;
  retryable?: unknown;
  retriable?: unknown;
  cause?: unknown;
}

/** An error as it was before kafkajs gave up on it, a broker that is away too: its wrapper says nothing of why. */
export function unwrapped(error: unknown): unknown {
  const { name, cause } = (error ?? {}) as Failure;
  return name === "KafkaJSNonRetriableError" && cause !== undefined ? unwrapped(cause) : error;
}

/** Milliseconds before a repeat may help, or undefined when the same attempt would fail again. */
export const retryWaitMs = (error: unknown): number | undefined => passingOf(error)?.waitMs;

/** Why a repeat may help, in words that carry nothing of our inside; undefined when the same attempt would fail again. */
export const whyPassing = (error: unknown): string | undefined => passingOf(error)?.why;

function passingOf(error: unknown): Pick<Passing, "waitMs" | "why"> | undefined {
  if (error instanceof RolledBackError) return FLAGGED;
  const reason = unwrapped(error);
  const { name, code, message, retryable, retriable } = (reason ?? {}) as Failure;
  const said = [sqlState(reason), code, name, message].filter((text) => typeof text === "string");
  const row = ROWS.find(({ codes }) => said.some((text) => codes.test(text)));
  return row ?? (retryable === true || retriable === true ? FLAGGED : undefined);
}

/** The n-th wait (from 0) after a first one of `firstMs`: doubled each time up to 5 s, with a quarter of jitter. */
export function backOffMs(firstMs: number, n: number): number {
  const wait = Math.min(Math.max(firstMs, 10) * 2 ** Math.min(n, 20), LONGEST_WAIT_MS);
  return Math.round(wait * (0.75 + Math.random() * 0.25));
}

/** Postgres refused what was written: a value out of range (class 22) or a broken constraint (class 23). */
export const isDataError = (error: unknown): boolean => /^2[23]/.test(sqlState(error) ?? "");
