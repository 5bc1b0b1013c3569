import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { gatewayUrl } from "#stack/gateway.ts";
import { eventixHome } from "#stack/home.ts";
import { signToken } from "#stack/issuer/token.ts";
import { StackError, UsageError } from "#stack/stack-error.ts";

/** As long as the gateway gives an import, and some. */
const REQUEST_MS = 130_000;
const ON_SALE_MS = 120_000;
const POLL_MS = 100;

/** A refusal of the API, as it worded it. */
export class ApiError extends StackError {
  override name = "ApiError";
  readonly code: string;
  readonly details: Record<string, unknown>;

  constructor(code: string, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** Speaks to a running gateway. All that it throws is worded for the person at the terminal. */
export class ApiClient {
  readonly url: string;
  readonly #token: string;

  constructor({ url, token }: { url: string; token: string }) {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new UsageError(`--url ${url} is not an address: write one like http://127.0.0.1:3000.`);
    }
    this.url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  /** The same gateway, asked by somebody else. */
  as(token: string): ApiClient {
    return new ApiClient({ url: this.url, token });
  }

  /** The `data` of the answer. Throws ApiError for a refusal. */
  async get<T>(path: string): Promise<T> {
    return this.#dataOf(path, await this.#fetch(path, {}));
  }

  /** The `data` of the answer; a body that is text is JSON already. Throws ApiError for a refusal. */
  async post<T>(path: string, body: object | string, headers: Record<string, string> = {}): Promise<T> {
    const json = typeof body === "string" ? body : JSON.stringify(body);
    return this.#dataOf(path, await this.#fetch(path, { method: "POST", body: json, headers }));
  }

  /** Like post, but sent again within a day, by this process or another, it has its effect once and the same answer. */
  postOnce<T>(path: string, body: object | string): Promise<T> {
    const sent = typeof body === "string" ? body : JSON.stringify(body);
    const key = createHash("sha256").update(`${path}\n${sent}`).digest("hex");
    return this.post(path, sent, { "idempotency-key": key });
  }

  /** Returns when seats of the published event can be asked for. */
  async untilOnSale(eventId: string): Promise<void> {
    const end = Date.now() + ON_SALE_MS;
    for (;;) {
      // The short form: four seats a byte, and nobody reads it.
      const headers = { accept: "application/octet-stream" };
      const response = await this.#fetch(`/api/events/${eventId}/availability`, { headers });
      await response.arrayBuffer();
      if (response.ok) return;
      // 409 while seats are loaded, 404 until the announcement has arrived.
      if (![404, 409, 429, 503].includes(response.status)) {
        throw new StackError(`${response.url} answered ${response.status}.`);
      }
      if (Date.now() > end) {
        throw new StackError(`The event ${eventId} is published, but was not on sale after ${ON_SALE_MS / 1000} s.`);
      }
      await sleep(POLL_MS);
    }
  }

  async #dataOf<T>(path: string, response: Response): Promise<T> {
    const answer = (await response.json().catch(() => undefined)) as Answer<T> | undefined;
    if (answer?.success) return answer.data;
    const { code, message, details } = answer?.error ?? {};
    throw new ApiError(code ?? "", message ?? `${this.url}${path} answered ${response.status}.`, details);
  }

  async #fetch(path: string, init: { method?: string; body?: string; headers?: Record<string, string> }) {
    const headers = {
      authorization: `Bearer ${this.#token}`,
      ...(init.body !== undefined && { "content-type": "application/json" }),
      ...init.headers,
    };
    try {
      return await fetch(`${this.url}${path}`, { ...init, headers, signal: AbortSignal.timeout(REQUEST_MS) });
    } catch (error) {
      const { cause, message } = error as Error;
      const why = cause instanceof Error ? cause.message : message;
      throw new StackError(`${this.url} does not answer (${why}): npm start runs a gateway, --url names another.`);
    }
  }
}

type Answer<T> =
  | { success: true; data: T }
  | { success: false; error: { code: string; message: string; details?: Record<string, unknown> } };

/** The client that `--url` and `--token` describe: by default the node of EVENTIX_HOME, asked with an operator's token. */
export function operatorClient({ url, token }: { url?: string; token?: string }): ApiClient {
  const home = eventixHome();
  return new ApiClient({ url: url ?? gatewayUrl(home), token: token ?? operatorToken(home) });
}

/** A token of the local issuer that may manage the operator's venues and events. */
export const operatorToken = (home: string): string =>
  signToken(home, "operator", { scopes: ["catalog:write"], expires: "1h" });
