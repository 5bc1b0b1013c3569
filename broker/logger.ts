import { type DestinationStream, type Logger, type LoggerOptions, pino, stdTimeFunctions } from "pino";
import pretty from "pino-pretty";
import type { Config } from "#config";
import { currentCorrelation } from "./correlation.ts";
import { describedError, redacted } from "./redaction.ts";

/** A pino logger that adds the correlation id of the work that logs, and lets no secret and no e-mail address through. */
export function createLogger(
  { logLevel, logFormat }: Pick<Config, "logLevel" | "logFormat">,
  destination: DestinationStream = stdout(logFormat),
): Logger {
  const options: LoggerOptions = {
    level: logLevel,
    base: undefined,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin() {
      const correlationId = currentCorrelation();
      return correlationId === undefined ? {} : { correlationId };
    },
    serializers: { err: describedError },
    hooks: {
      logMethod(args, method) {
        method.apply(this, objectFirst(args));
      },
      streamWrite: redacted,
    },
  };
  return pino(options, destination);
}

const FLUSH_BYTES = 4_096;
const FLUSH_MS = 100;

/** Lines are gathered, since a write for each takes a tenth of a request; pino writes the rest when the process exits. */
function stdout(logFormat: Config["logFormat"]): DestinationStream {
  const isText = logFormat === "pretty" || (logFormat === "auto" && process.stdout.isTTY);
  if (!isText) {
    return pino.destination({ dest: 1, sync: false, minLength: FLUSH_BYTES, periodicFlush: FLUSH_MS });
  }
  return pretty({ sync: true, singleLine: true, ignore: "ns,nodeID,mod", translateTime: "SYS:HH:MM:ss.l" });
}

/** One flat object and a text, as the line of each request is: to be logged as it is. */
function isInOrder(args: unknown[]): args is [object, string] {
  const [first, second] = args;
  if (args.length !== 2 || typeof second !== "string" || typeof first !== "object" || first === null) return false;
  if (first instanceof Error || Array.isArray(first)) return false;
  return Object.values(first).every((value) => typeof value !== "object" || value === null);
}

/**
 * Moleculer and its services log as the console does, `warn("text", data, error)`; pino wants what is not text first, and
 * silently drops what comes after a text without placeholders.
 */
export function objectFirst(args: unknown[]): [object, string] | [string] {
  if (isInOrder(args)) return args;
  const texts = args.filter((arg) => typeof arg !== "object" || arg === null).map(String);
  const objects = args.filter((arg) => typeof arg === "object" && arg !== null);
  const message = texts.join(" ");
  if (objects.length === 0) return [message];
  const merged: Record<string, unknown> = {};
  for (const item of objects) {
    if (item instanceof Error) merged.err = item;
    else if (Array.isArray(item)) merged.items = item.map((one) => describedError(one));
    else for (const [key, value] of Object.entries(item)) merged[key] = key === "err" ? value : describedError(value);
  }
  return [merged, message || (merged.err as Error | undefined)?.message || ""];
}
