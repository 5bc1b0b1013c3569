import { setTimeout as sleep } from "node:timers/promises";
import type { BookingResponse } from "#contracts/booking.ts";
import { until } from "../support/until.ts";
import { type History, type HoldOp, outcomeOf } from "./history.ts";
import type { Random } from "./random.ts";

/** An event on sale, and its seats. */
export interface Hall {
  eventId: string;
  seatIds: readonly string[];
}

export interface Market {
  /** What tells this run's Idempotency-Keys from those of others on the same stack. */
  run: string;
  /** Gateways; any of them may be gone. */
  urls: readonly string[];
  halls: readonly Hall[];
  history: History;
  /** Ids of bookings of all buyers, to be peeked at. */
  known: { owner: string; bookingId: string }[];
  /** How many keyed requests are in each gateway just now. */
  keyedIn: Map<string, number>;
  /** Whether a payment waits for its buyer at the provider's page. */
  paysAtPage: boolean;
  /** Whether the shop is closed: what is under way is still waited for. */
  stopped: AbortSignal;
}

interface Answer {
  via: string;
  status: number;
  data: BookingResponse | undefined;
  code: string | undefined;
}

const SEATS_MAX = 4;
const PAUSE_MS = 40;
/** Longer than a gateway waits for an answer. */
const PATIENCE_MS = 9_000;
const REPEATS_MAX = 6;
/** What buyers do at the provider's page; some never come. */
const DEEDS = ["pay", "pay", "pay", "pay", "decline", "decline", undefined] as const;
const PAGE_MS = 3_000;
/** When nothing is at work any more. */
const BOUGHT_MS = 30_000;
const LOOK_MS = 100;

/** One client: does one thing at a time, and writes down what it asked and what it was told. */
export class Buyer {
  readonly name: string;
  #token: string;
  readonly #source: Random;
  /** Of this step alone: what the next draws does not depend on how this one goes. */
  #random: Random;
  readonly #market: Market;
  readonly #own: string[] = [];
  readonly #paying: Promise<boolean>[] = [];
  #keys = 0;
  #steps = 0;
  #calls = 0;

  constructor(name: string, token: string, random: Random, market: Market) {
    this.name = name;
    this.#token = token;
    this.#source = random;
    this.#random = random;
    this.#market = market;
  }

  /** Buys, reads and cancels until the shop is closed. */
  async run(): Promise<void> {
    while (!this.#market.stopped.aborted) {
      this.#random = this.#source.fork(`step-${++this.#steps}`);
      const pauseMs = this.#random.between(0, PAUSE_MS);
      await this.#step();
      await sleep(pauseMs);
    }
    await Promise.all(this.#paying);
  }

  /** Signs in again. */
  useToken(token: string): void {
    this.#token = token;
  }

  /** Reads every own booking once more. */
  async readAll(): Promise<void> {
    for (const bookingId of this.#own) await this.#read(bookingId);
  }

  /** Buys these seats as a stubborn buyer does: asks until they are held and looks until they are sold. Throws if they never are. */
  async buy(eventId: string, seatIds: readonly string[]): Promise<void> {
    const key = this.#nextKey();
    let last: HoldOp | undefined;
    const booking = await until(
      async () => {
        last = await this.#tryHold(eventId, seatIds, key);
        return last.outcome === "ok" ? last.booking : undefined;
      },
      { what: `${this.name} to hold a seat`, ms: BOUGHT_MS },
    ).catch((error: Error) => {
      throw new Error(`${error.message}: the last answer was ${last?.status} ${last?.code ?? ""}`);
    });
    // The page is there once payment knows of the booking: after a kill its partition may wait twelve seconds for another node.
    if (this.#market.paysAtPage && !(await this.#pay(booking.id, "pay", BOUGHT_MS)))
      throw new Error(`${this.name} found no page to pay booking ${booking.id} at`);
    await until(
      async () => {
        await sleep(LOOK_MS);
        return (await this.#read(booking.id))?.status === "CONFIRMED";
      },
      { what: `${this.name}'s booking ${booking.id} to be confirmed`, ms: BOUGHT_MS },
    );
  }

  #nextKey(): string {
    return `${this.#market.run}-${this.name}-${++this.#keys}`;
  }

  #step(): Promise<unknown> {
    const random = this.#random;
    const what = random.float();
    const own = this.#own.length > 0 ? random.pick(this.#own.slice(-8)) : undefined;
    if (own === undefined || what < 0.5) return this.#hold();
    if (what < 0.75) return this.#read(own);
    if (what < 0.93) return this.cancel(own);
    return this.#peek();
  }

  async #hold(): Promise<void> {
    const random = this.#random;
    const hall = random.chance(0.6) ? (this.#market.halls[0] as Hall) : random.pick(this.#market.halls);
    const seatIds = random.some(hall.seatIds, 1 + random.int(SEATS_MAX));
    const key = random.chance(0.7) ? this.#nextKey() : undefined;
    const wishes = random.chance(0.15) ? 2 : 0;
    const deed = random.pick(DEEDS);
    let last = await this.#tryHold(hall.eventId, seatIds, key);
    for (let n = 0; key !== undefined && n < REPEATS_MAX && (last.outcome === "info" || n < wishes); n++) {
      await sleep(random.between(0, 4 * PAUSE_MS * (last.outcome === "info" ? 5 : 1)));
      last = await this.#tryHold(hall.eventId, seatIds, key);
    }
    const bookingId = last.outcome === "ok" ? last.booking?.id : undefined;
    if (this.#market.paysAtPage && bookingId && deed) this.#paying.push(this.#pay(bookingId, deed));
  }

  /** Whether the provider's page was there in time, and took it; what fails there is as if the buyer had gone away. */
  async #pay(bookingId: string, deed: "pay" | "decline", withinMs = PAGE_MS): Promise<boolean> {
    for (const end = Date.now() + withinMs; Date.now() < end; await sleep(LOOK_MS)) {
      const { data } = await this.#call("GET", `/api/bookings/${bookingId}/payment`);
      const page = (data as { checkoutUrl?: string | null } | undefined)?.checkoutUrl;
      if (!page) continue;
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const done = await fetch(`${page}/${deed}`, { method: "POST", signal, redirect: "manual" }).catch(
        () => undefined,
      );
      await done?.body?.cancel();
      if (done?.status === 303) return true;
    }
    return false;
  }

  async #tryHold(eventId: string, seatIds: readonly string[], key: string | undefined): Promise<HoldOp> {
    const invoked = Date.now();
    const answer = await this.#call("POST", "/api/bookings", { eventId, seatIds }, key);
    const op: HoldOp = { kind: "hold", eventId, seatIds, key, booking: answer.data, ...this.#seen(invoked, answer) };
    this.#market.history.add(op);
    const bookingId = answer.data?.id;
    if (op.outcome === "ok" && bookingId !== undefined && !this.#own.includes(bookingId)) {
      this.#own.push(bookingId);
      this.#market.known.push({ owner: this.name, bookingId });
    }
    return op;
  }

  async #read(bookingId: string): Promise<BookingResponse | undefined> {
    const invoked = Date.now();
    const answer = await this.#call("GET", `/api/bookings/${bookingId}`);
    this.#market.history.add({ kind: "read", bookingId, booking: answer.data, ...this.#seen(invoked, answer) });
    return answer.data;
  }

  async cancel(bookingId: string): Promise<void> {
    const invoked = Date.now();
    const answer = await this.#call("POST", `/api/bookings/${bookingId}/cancel`);
    this.#market.history.add({ kind: "cancel", bookingId, booking: answer.data, ...this.#seen(invoked, answer) });
  }

  async #peek(): Promise<void> {
    const others = this.#market.known.filter(({ owner }) => owner !== this.name);
    if (others.length === 0) return;
    const { bookingId } = this.#random.pick(others.slice(-50));
    const invoked = Date.now();
    const [method, path] = this.#random.pick([
      ["GET", `/api/bookings/${bookingId}`],
      ["GET", `/api/bookings/${bookingId}/payment`],
      ["POST", `/api/bookings/${bookingId}/cancel`],
    ] as const);
    const answer = await this.#call(method, path);
    this.#market.history.add({ kind: "peek", bookingId, ...this.#seen(invoked, answer) });
  }

  #seen(invoked: number, { via, status, code }: Answer) {
    return { client: this.name, via, invoked, ended: Date.now(), outcome: outcomeOf(status), status, code };
  }

  async #call(method: string, path: string, body?: object, key?: string): Promise<Answer> {
    const { urls, keyedIn } = this.#market;
    const via = this.#source.fork(`call-${++this.#calls}`).pick(urls);
    const count = (n: number) => key !== undefined && keyedIn.set(via, (keyedIn.get(via) ?? 0) + n);
    count(1);
    try {
      const response = await fetch(`${via}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body && { "content-type": "application/json" }),
          ...(key !== undefined && { "idempotency-key": key }),
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const { data, error } = (await response.json()) as { data?: BookingResponse; error?: { code: string } };
      return { via, status: response.status, data, code: error?.code };
    } catch {
      return { via, status: 0, data: undefined, code: undefined };
    } finally {
      count(-1);
    }
  }
}
