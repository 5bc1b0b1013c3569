import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "moleculer";
import type { NodeMetrics } from "#broker/node-metrics.ts";
import { config } from "#config";
import { EventixError } from "#contracts/errors.ts";
import { CORRELATION_HEADER, correlationIdFrom } from "./correlation.ts";
import { allowOrigin } from "./cors.ts";
import { httpErrorOf } from "./http-errors.ts";
import { JSON_TYPE } from "./success.ts";

const { status, headers, body } = httpErrorOf(new EventixError("SERVICE_UNAVAILABLE"), "");
const CONTENT = JSON.stringify(body);
const HEADERS = {
  ...headers,
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "content-type": JSON_TYPE,
  "content-length": Buffer.byteLength(CONTENT),
};

const PROBE = /^\/health(\/live|\/ready)?(\?|$)/;

/** Whoever watches the node is answered however busy it is. */
export const isProbe = ({ url = "" }: IncomingMessage): boolean => PROBE.test(url);

/** How long refusals are counted before they are told of. */
const TELL_MS = 1_000;

/**
 * Answers 503 with Retry-After before anything is read or looked up: a flood is only survived if its refusals cost a small part
 * of what answers do. They are counted like every request, but that their route is not known, and logged together, a line a
 * second: a line each would cost more than all but the answer's way out.
 */
export class BusyRefusals {
  readonly #logger: Logger;
  readonly #metrics: NodeMetrics;
  #untold = 0;
  #telling: NodeJS.Timeout | undefined;

  constructor({ logger, metrics }: { logger: Logger; metrics: NodeMetrics }) {
    this.#logger = logger;
    this.#metrics = metrics;
  }

  refuse(req: IncomingMessage, res: ServerResponse): void {
    allowOrigin(config.corsOrigins, req, res);
    res.writeHead(status, { ...HEADERS, [CORRELATION_HEADER]: correlationIdFrom(req.headers[CORRELATION_HEADER]) });
    res.end(CONTENT);
    this.#metrics.observeRequest({ route: "", status }, 0);
    this.#untold++;
    this.#telling ??= setTimeout(() => this.tell(), TELL_MS);
  }

  /** Logs what was refused since it was last told of. */
  tell(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    if (this.#untold > 0)
      this.#logger.warn({ status, requests: this.#untold }, "refused, since too many are under way");
    this.#untold = 0;
  }
}
