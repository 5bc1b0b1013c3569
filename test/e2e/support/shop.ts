import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { BookingResponse, PaymentResponse, SeatStatus, SeatsAvailability } from "#contracts/booking.ts";
import type { EventResponse, ImportedVenue, SeatMap } from "#contracts/catalog.ts";
import { largePlan } from "../../catalog/support/plans.ts";
import { tokenFor } from "../../support/token.ts";
import { until } from "../../support/until.ts";

export interface Answer<T> {
  status: number;
  headers: Headers;
  data: T;
  meta: { limit: number; nextCursor: string | null } | undefined;
  error: { code: string; message: string; details?: Record<string, unknown> } | undefined;
}

interface Request {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

type SignToken = (name: string, scopes?: readonly string[]) => string;
const signed: SignToken = (name, scopes = []) => tokenFor(name, { scopes });

/** A shop that calls a gateway as its users do. */
export class Shop {
  readonly url: string;
  readonly #token: SignToken;
  #plans = 0;

  /** `token` signs for users; of the test stack's issuer when absent. */
  constructor(url: string, token: SignToken = signed) {
    this.url = url;
    this.#token = token;
  }

  async call<T = unknown>(
    method: string,
    path: string,
    { token, body, headers = {} }: Request = {},
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const { data, meta, error } = text === "" ? {} : JSON.parse(text);
    return { status: response.status, headers: response.headers, data, meta, error };
  }

  /** A published event with one row of `seats` seats, on sale; all at 1,000 EUR cents. */
  async putOnSale(seats: number, terms: Record<string, unknown> = {}): Promise<{ id: string; seatIds: string[] }> {
    const id = await this.publish(seats, terms);
    await this.untilOnSale(id);
    const map = await this.call<SeatMap>("GET", `/api/events/${id}/seats`);
    const all = map.data.zones.flatMap((zone) => zone.rows.flatMap((row) => row.seats));
    return { id, seatIds: all.sort((a, b) => a.index - b.index).map((seat) => seat.id) };
  }

  async publish(seats: number, terms: Record<string, unknown> = {}): Promise<string> {
    const token = this.#token("organizer", ["catalog:write"]);
    const venue = await this.call<ImportedVenue>("POST", "/api/venues", { token, body: this.#planOf(seats) });
    assert.equal(venue.status, 201, JSON.stringify(venue.error));
    const event = await this.call<EventResponse>("POST", "/api/events", {
      token,
      body: {
        venueId: venue.data.venueId,
        name: "An evening",
        startsAt: "2035-05-01T19:30:00Z",
        currency: "EUR",
        prices: { Stalls: 1_000 },
        ...terms,
      },
    });
    assert.equal(event.status, 201, JSON.stringify(event.error));
    const published = await this.call("POST", `/api/events/${event.data.id}/publish`, { token });
    assert.equal(published.status, 200, JSON.stringify(published.error));
    return event.data.id;
  }

  async untilOnSale(eventId: string): Promise<void> {
    await until(async () => (await this.call("GET", `/api/events/${eventId}/availability`)).status === 200, {
      what: `event ${eventId} to be on sale`,
      ms: 30_000,
    });
  }

  book(
    user: string,
    eventId: string,
    seatIds: string[],
    headers: Record<string, string> = {},
  ): Promise<Answer<BookingResponse>> {
    return this.call("POST", "/api/bookings", { token: this.#token(user), body: { eventId, seatIds }, headers });
  }

  /** Books as a patient buyer does, who asks again under one key when the answer says that it cannot be told yet. */
  async bookPatiently(user: string, eventId: string, seatIds: string[]): Promise<Answer<BookingResponse>> {
    const headers = { "idempotency-key": randomUUID() };
    return until(
      async () => {
        const answer = await this.book(user, eventId, seatIds, headers);
        const retryAfter = answer.headers.get("retry-after");
        if (retryAfter === null) return answer;
        await sleep(1_000 * Number(retryAfter));
        return undefined;
      },
      { what: "an answer that is final", ms: 60_000 },
    );
  }

  /** Books and expects to win. */
  async hold(user: string, eventId: string, seatIds: string[]): Promise<BookingResponse> {
    const answer = await this.book(user, eventId, seatIds);
    assert.equal(answer.status, 201, JSON.stringify(answer.error));
    return answer.data;
  }

  cancel(user: string, bookingId: string): Promise<Answer<BookingResponse>> {
    return this.call("POST", `/api/bookings/${bookingId}/cancel`, { token: this.#token(user) });
  }

  booking(user: string, bookingId: string): Promise<Answer<BookingResponse>> {
    return this.call("GET", `/api/bookings/${bookingId}`, { token: this.#token(user) });
  }

  mine(user: string, query = ""): Promise<Answer<BookingResponse[]>> {
    return this.call("GET", `/api/bookings/my?${query}`, { token: this.#token(user) });
  }

  payment(user: string, bookingId: string): Promise<Answer<PaymentResponse>> {
    return this.call("GET", `/api/bookings/${bookingId}/payment`, { token: this.#token(user) });
  }

  /** The states of an event's seats, by index. */
  async statuses(eventId: string): Promise<SeatStatus[]> {
    const { data } = await this.call<SeatsAvailability>("GET", `/api/events/${eventId}/availability`);
    return data.seats.map((seat) => seat.status);
  }

  /** Waits until a booking is no longer PENDING, and returns it. */
  untilEnded(user: string, bookingId: string, ms = 20_000): Promise<BookingResponse> {
    return until(
      async () => {
        const { data } = await this.booking(user, bookingId);
        return data.status === "PENDING" ? undefined : data;
      },
      { what: `booking ${bookingId} to end`, ms },
    );
  }

  /** Another plan each time, since the same plan again is the same venue. */
  #planOf(seats: number) {
    return { ...largePlan(seats), name: `Hall of ${seats}, ${process.pid}-${++this.#plans}` };
  }
}
