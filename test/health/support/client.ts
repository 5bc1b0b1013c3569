import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { BookingResponse } from "#contracts/booking.ts";
import { tokenFor } from "../../support/token.ts";

interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  data: BookingResponse | undefined;
}

/** A buyer with one connection that stays open, who holds a seat, looks, gives it back and begins again. */
export class Client {
  /** Bookings that were answered 201. */
  readonly held: string[] = [];
  /** Bookings whose cancel was answered 200. */
  readonly cancelled: string[] = [];
  /** What was answered 503. */
  readonly refused: Answer[] = [];
  /** Everything that must not happen. */
  readonly failures: string[] = [];
  /** Nobody takes connections any more. */
  isShutOut = false;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #url: string;
  readonly #token: string;
  readonly #wish: string;

  constructor(url: string, name: string, eventId: string, seatId: string) {
    this.#url = url;
    this.#token = tokenFor(name);
    this.#wish = JSON.stringify({ eventId, seatIds: [seatId] });
  }

  async run(enough: AbortSignal): Promise<void> {
    while (!enough.aborted && !this.isShutOut) {
      const booking = (await this.#ask("POST", "/api/bookings", 201, this.#wish))?.data;
      if (!booking) continue;
      this.held.push(booking.id);
      await this.#ask("GET", `/api/bookings/${booking.id}`, 200);
      while (!enough.aborted && !this.isShutOut) {
        if (!(await this.#ask("POST", `/api/bookings/${booking.id}/cancel`, 200))) continue;
        this.cancelled.push(booking.id);
        break;
      }
    }
    this.#agent.destroy();
  }

  async #ask(method: string, path: string, hoped: number, body?: string): Promise<Answer | undefined> {
    try {
      const answer = await this.#send(method, path, body);
      if (answer.status === hoped) return answer;
      if (answer.status === 503) {
        this.refused.push(answer);
        await sleep(Number(answer.headers["retry-after"]) * 1_000);
      } else this.failures.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.data)}`);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ECONNREFUSED") this.isShutOut = true;
      else this.failures.push(`${method} ${path}: ${code} ${message}`);
    }
    return undefined;
  }

  async #send(method: string, path: string, body?: string): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.#token}`, ...(body && { "content-type": "application/json" }) };
    const sent = request(`${this.#url}${path}`, { method, headers, agent: this.#agent });
    sent.end(body);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    const { data } = JSON.parse(await text(response));
    return { status: response.statusCode as number, headers: response.headers, data };
  }
}
