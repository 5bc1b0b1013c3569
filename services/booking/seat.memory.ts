import { SeatStatus } from "#contracts/booking.ts";

/** A seat as it was read: the newer of two readings is the one with the higher version. */
export interface SeatReading {
  seatId: string;
  index: number;
  status: SeatStatus;
  version: number;
  /** Epoch ms by the database's clock; null unless held. */
  heldUntil: number | null;
}

const STATUSES = Object.values(SeatStatus);
const WORDS_AN_ID = 4;
const NEVER = Number.NEGATIVE_INFINITY;

/**
 * What a node remembers of an event's seats: about 45 bytes a seat, ids as 16 bytes in sorted order.
 *
 * Times in `readAt` are the process's monotonic clock, so that a reading's age is right whatever the wall clock does.
 */
export class SeatMemory {
  readonly size: number;
  readonly #ids: Uint32Array;
  readonly #index: Uint32Array;
  readonly #status: Uint8Array;
  readonly #version: Uint32Array;
  readonly #heldUntil: Float64Array;
  readonly #readAt: Float64Array;

  /** `seats` in any order, without duplicates. */
  constructor(seats: readonly SeatReading[], readAt: number) {
    const sorted = seats.toSorted((a, b) => (a.seatId < b.seatId ? -1 : 1));
    this.size = sorted.length;
    this.#ids = new Uint32Array(this.size * WORDS_AN_ID);
    this.#index = new Uint32Array(this.size);
    this.#status = new Uint8Array(this.size);
    this.#version = new Uint32Array(this.size);
    this.#heldUntil = new Float64Array(this.size).fill(NEVER);
    this.#readAt = new Float64Array(this.size);
    sorted.forEach((seat, at) => {
      for (let word = 0; word < WORDS_AN_ID; word++) this.#ids[at * WORDS_AN_ID + word] = wordOf(seat.seatId, word);
      this.#index[at] = seat.index;
      this.#set(at, seat, readAt);
    });
  }

  /** Where a seat is, or -1 when the event has no such seat. Searched by the first word alone: ids hardly ever share it. */
  find(seatId: string): number {
    const first = wordOf(seatId, 0);
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle * WORDS_AN_ID] as number) < first) low = middle + 1;
      else high = middle;
    }
    for (let at = low; at < this.size && this.#ids[at * WORDS_AN_ID] === first; at++) {
      if (this.#isRestOf(at, seatId)) return at;
    }
    return -1;
  }

  /** Takes in a reading, unless a newer one is known. */
  learn(seat: Omit<SeatReading, "index">, readAt: number): void {
    const at = this.find(seat.seatId);
    if (at < 0 || seat.version < (this.#version[at] as number)) return;
    this.#set(at, seat, readAt);
  }

  /** Whether the seat was taken when last read: booked, blocked, or held until after `now` (database's clock). */
  isTaken(at: number, now: number): boolean {
    const status = this.statusOf(at);
    if (status === SeatStatus.HELD) return (this.#heldUntil[at] as number) > now;
    return status !== SeatStatus.AVAILABLE;
  }

  statusOf(at: number): SeatStatus {
    return STATUSES[this.#status[at] as number] as SeatStatus;
  }

  versionOf(at: number): number {
    return this.#version[at] as number;
  }

  /** The seat's seat_index. */
  indexOf(at: number): number {
    return this.#index[at] as number;
  }

  readAt(at: number): number {
    return this.#readAt[at] as number;
  }

  #set(at: number, seat: Omit<SeatReading, "index">, readAt: number): void {
    this.#status[at] = STATUSES.indexOf(seat.status);
    this.#version[at] = seat.version;
    this.#heldUntil[at] = seat.heldUntil ?? NEVER;
    this.#readAt[at] = readAt;
  }

  #isRestOf(at: number, seatId: string): boolean {
    for (let word = 1; word < WORDS_AN_ID; word++) {
      if (this.#ids[at * WORDS_AN_ID + word] !== wordOf(seatId, word)) return false;
    }
    return true;
  }
}

/** Where each 32-bit word of a uuid's text stands: xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx. */
function wordOf(id: string, word: number): number {
  if (word === 0) return Number.parseInt(id.slice(0, 8), 16);
  if (word === 1) return Number.parseInt(id.slice(9, 13) + id.slice(14, 18), 16);
  if (word === 2) return Number.parseInt(id.slice(19, 23) + id.slice(24, 28), 16);
  return Number.parseInt(id.slice(28), 16);
}
