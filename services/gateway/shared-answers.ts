import { hash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { LRUCache } from "lru-cache";
import type { BitsAvailability, SeatsAvailability } from "#contracts/booking.ts";
import type { SeatMap } from "#contracts/catalog.ts";
import { JSON_TYPE } from "./success.ts";

/** An answer made ready to be sent as it is, to everyone who asks. */
export interface Rendered {
  type: string;
  body: Buffer;
  headers: Record<string, string>;
}

export interface SharedAnswer {
  /** How old an answer may be when it is sent. */
  maxAgeMs: number;
  /** How OpenAPI describes the answer's other form, beside JSON. */
  otherContent?: object;
  /** Action params that the headers choose. */
  variant?: (headers: IncomingHttpHeaders) => Record<string, unknown>;
  render: (data: never, params: Record<string, unknown>) => Rendered;
}

const BYTES_TYPE = "application/octet-stream";
const envelope = (data: unknown) => Buffer.from(JSON.stringify({ success: true, data }));
const digest = (body: Buffer) => `"${hash("sha1", body, "base64url")}"`;

/** Frozen by version once an event is published, so a minute costs nothing but a late second version. */
export const SEATS: SharedAnswer = {
  maxAgeMs: 60_000,
  render: (map: SeatMap, { id }) => ({
    type: JSON_TYPE,
    body: envelope(map),
    headers: { etag: `"${id}.${map.version}"`, "cache-control": "public, max-age=60" },
  }),
};

/** Of a stampede's thousand looks a second, four reach the booking service. */
export const AVAILABILITY: SharedAnswer = {
  maxAgeMs: 250,
  otherContent: {
    [BYTES_TYPE]: {
      schema: {
        type: "string",
        format: "binary",
        description:
          "Two bits a seat by index, lowest bits first: 0 free, 1 held, 2 booked, 3 blocked. Sent when Accept asks for it.",
      },
    },
  },
  variant: ({ accept }) => ({ as: accept?.includes(BYTES_TYPE) ? "bits" : "seats" }),
  render: (data: SeatsAvailability | BitsAvailability) => {
    const isBits = "bits" in data;
    const body = isBits ? Buffer.from(data.bits, "base64") : envelope(data);
    return {
      type: isBits ? BYTES_TYPE : JSON_TYPE,
      body,
      headers: {
        etag: digest(body),
        "cache-control": "no-cache",
        vary: "Accept",
        "x-seat-count": String(data.seatCount),
      },
    };
  },
};

const ANSWERS_MAX = 1_000;
const BYTES_MAX = 128 * 1024 * 1024;

interface Kept {
  askedAt: number;
  answer: Promise<Rendered>;
  bytes: number;
}

/** Lets requests that come within an answer's age share one call and one rendering. Failures are shared only while under way. */
export class SharedAnswers {
  readonly #now: () => number;
  readonly #kept = new LRUCache<string, Kept>({
    max: ANSWERS_MAX,
    maxSize: BYTES_MAX,
    sizeCalculation: (kept) => kept.bytes,
  });

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get(key: string, maxAgeMs: number, make: () => Promise<Rendered>): Promise<Rendered> {
    const kept = this.#kept.get(key);
    const askedAt = this.#now();
    if (kept && askedAt - kept.askedAt < maxAgeMs) return kept.answer;
    const answer = make();
    this.#kept.set(key, { askedAt, answer, bytes: 1 });
    answer.then(
      ({ body }) => this.#settle(key, answer, { askedAt, answer, bytes: Math.max(1, body.length) }),
      () => this.#settle(key, answer, undefined),
    );
    return answer;
  }

  #settle(key: string, answer: Promise<Rendered>, kept: Kept | undefined): void {
    if (this.#kept.peek(key)?.answer !== answer) return;
    if (kept) this.#kept.set(key, kept);
    else this.#kept.delete(key);
  }
}
