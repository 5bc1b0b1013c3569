import { createPool } from "#mixins/database.mixin.ts";
import { type Piece, TcpProxy } from "../../support/tcp-proxy.ts";
import { HoldDesk } from "./hold-desk.ts";

/** As they stand in Postgres's protocol: type, length, text. */
const BEGIN = Buffer.from("Q\0\0\0\x0abegin\0");
const COMMIT = Buffer.from("Q\0\0\0\x0bcommit\0");
const COMMITTED = Buffer.from("C\0\0\0\x0bCOMMIT\0");

/** Where a transaction of two flights is, as seen on the wire. */
type Flight = "first" | "second";

/** Says for a piece of a transaction how many of its bytes still pass before the connection breaks; undefined for all. */
export type CutPoint = (piece: { way: "up" | "down"; flight: Flight; data: Buffer }) => number | undefined;

const found = (data: Buffer, what: Buffer, then: (at: number) => number) =>
  data.includes(what) ? then(data.indexOf(what)) : undefined;
const half = (data: Buffer) => data.length >> 1;
const upOf = (flight: Flight, bytes: (data: Buffer) => number | undefined): CutPoint => {
  return (piece) => (piece.way === "up" && piece.flight === flight ? bytes(piece.data) : undefined);
};
const downOf = (flight: Flight, bytes: (data: Buffer) => number | undefined): CutPoint => {
  return (piece) => (piece.way === "down" && piece.flight === flight ? bytes(piece.data) : undefined);
};

export const CUT_POINTS: Record<string, CutPoint> = {
  "before begin is sent": upOf("first", () => 0),
  "in the midst of the first flight": upOf("first", half),
  "after the first flight, before its reply": downOf("first", () => 0),
  "in the midst of the first reply": downOf("first", half),
  "before the second flight": upOf("second", () => 0),
  "in the midst of the second flight": upOf("second", (data) => half(data)),
  "in the second flight, before COMMIT": upOf("second", (data) => found(data, COMMIT, (at) => at)),
  "in the midst of COMMIT": upOf("second", (data) => found(data, COMMIT, (at) => at + COMMIT.length - 1)),
  "right after COMMIT was sent": upOf("second", (data) => found(data, COMMIT, () => data.length)),
  "after COMMIT was carried out, before its reply": downOf("second", (data) => found(data, COMMITTED, () => 0)),
  "in the midst of COMMIT's reply": downOf("second", (data) => found(data, COMMITTED, (at) => at + 6)),
};

/** A node's hold path whose way to Postgres is cut at one point, the first so many times that a transaction comes there. */
export class CutDesk {
  readonly desk: HoldDesk;
  cuts = 0;
  #holdBack: { way: "up" | "down"; until: number } | undefined;
  readonly #isHeldBack = Promise.withResolvers<void>();
  readonly #proxy: TcpProxy;
  readonly #close: () => Promise<void>;

  static async open(url: string, point: CutPoint, times: number): Promise<CutDesk> {
    return new CutDesk(new URL(url), await TcpProxy.to(new URL(url).host), point, times);
  }

  private constructor({ username, password, pathname }: URL, proxy: TcpProxy, point: CutPoint, times: number) {
    const pool = createPool(`postgres://${username}:${password}@127.0.0.1:${proxy.port}${pathname}`, "far", 4);
    pool.on("error", () => {});
    this.#proxy = proxy;
    this.desk = new HoldDesk(pool);
    this.#close = () => pool.end();
    const flights = new Map<number, Flight>();
    proxy.cutAt = ({ way, data, connection }: Piece) => {
      const before = flights.get(connection);
      if (way === "up") {
        if (data.includes(BEGIN)) flights.set(connection, "first");
        // Only a hold's transaction begins with more than the word: a sweep's waits for the answer to it.
        else if (before === "first") flights.set(connection, "second");
      }
      const flight = flights.get(connection);
      // What has come by now still passes, and what answers it does not.
      const held = this.#holdBack;
      if (held && way !== held.way && flight === (held.way === "up" ? "first" : "second")) {
        proxy.stall(held.way, true);
        setTimeout(() => proxy.stall(held.way, false), held.until - Date.now());
        this.#holdBack = undefined;
        this.#isHeldBack.resolve();
      }
      if (way === "down" && data.includes(COMMITTED)) flights.delete(connection);
      const bytes = flight && this.cuts < times ? point({ way, flight, data }) : undefined;
      if (bytes !== undefined) this.cuts += 1;
      return bytes;
    };
  }

  /** Keeps the next second flight (`up`) or its reply (`down`) on its way until then (epoch ms); resolves when it is. */
  holdBack(way: "up" | "down", until: number): Promise<void> {
    this.#holdBack = { way, until };
    return this.#isHeldBack.promise;
  }

  async close(): Promise<void> {
    await this.desk.close();
    await this.#close();
    await this.#proxy.close();
  }
}
