import type { Limits } from "./limits.ts";
import type { CallReference } from "./lost-packets.ts";

/** A Kafka message of a packet: its type, and when the packet travels in pieces its place, and who waits for it. */
export interface PacketMessage {
  headers: { cmd: string; piece?: string; call?: string };
  value: Buffer;
}

/** A packet as messages: one, or pieces of `pieceBytes`. `id` is unique among all senders; `call` is what a loss is told by. */
export function toMessages(
  cmd: string,
  data: Buffer,
  pieceBytes: number,
  { id, call }: { id: () => string; call?: CallReference | undefined },
): PacketMessage[] {
  if (data.length <= pieceBytes) return [{ headers: { cmd }, value: data }];
  const count = Math.ceil(data.length / pieceBytes);
  const packetId = id();
  const about = call && { call: JSON.stringify(call) };
  return Array.from({ length: count }, (_, index) => ({
    headers: { cmd, piece: `${packetId} ${index} ${count}`, ...about },
    value: data.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  }));
}

/** What is known of an incomplete packet by any of its pieces: its type, and the call that it belongs to. */
export interface About {
  cmd: string;
  call?: CallReference | undefined;
}

interface Partial {
  about: About;
  pieces: (Buffer | undefined)[];
  missing: number;
  bytes: number;
  timer: NodeJS.Timeout;
}

type AssemblerLimits = Pick<Limits, "maxPacketBytes" | "pieceBytes" | "maxPartialBytes" | "pieceTimeoutMs">;

/** What an incomplete packet takes besides the bytes of its pieces, and more. */
export const PARTIAL_COST_BYTES = 2_048;

/**
 * Puts packets together from their pieces. Its memory is bounded: a packet whose pieces stop coming is dropped after
 * `pieceTimeoutMs`, and the oldest incomplete one when all together exceed `maxPartialBytes`. Each drop is told to `onDrop`.
 */
export class Assembler {
  readonly #partials = new Map<string, Partial>();
  readonly #limits: AssemblerLimits;
  readonly #onDrop: (reason: string, about: About) => void;
  #bytes = 0;

  constructor(limits: AssemblerLimits, onDrop: (reason: string, about: About) => void) {
    this.#limits = limits;
    this.#onDrop = onDrop;
  }

  /** Takes one piece by its `piece` header; returns the whole packet with the last one. A piece may come twice. */
  add(header: string, value: Buffer, about: About): Buffer | undefined {
    const place = this.#placeOf(header);
    if (!place) {
      this.#onDrop(`a piece without a valid place ("${header.slice(0, 100)}")`, about);
      return undefined;
    }
    const partial = this.#partials.get(place.id) ?? this.#open(place.id, place.count, about);
    if (partial.pieces.length !== place.count || partial.pieces[place.index]) return undefined;
    partial.pieces[place.index] = value;
    partial.missing--;
    partial.bytes += value.length;
    this.#bytes += value.length;
    partial.timer.refresh();
    if (partial.missing === 0) {
      this.#remove(place.id, partial);
      return Buffer.concat(partial.pieces as Buffer[]);
    }
    this.#shrink();
    return undefined;
  }

  /** Forgets all incomplete packets. */
  clear(): void {
    for (const [id, partial] of this.#partials) this.#remove(id, partial);
  }

  #open(id: string, count: number, about: About): Partial {
    const timer = setTimeout(() => this.#drop(id, "a piece did not come"), this.#limits.pieceTimeoutMs);
    timer.unref();
    const bytes = PARTIAL_COST_BYTES;
    const partial = { about, pieces: new Array<Buffer | undefined>(count), missing: count, bytes, timer };
    this.#bytes += bytes;
    this.#partials.set(id, partial);
    return partial;
  }

  #placeOf(header: string): { id: string; index: number; count: number } | undefined {
    const [id, indexText, countText] = header.split(" ");
    const index = Number(indexText);
    const count = Number(countText);
    const maxCount = Math.ceil(this.#limits.maxPacketBytes / this.#limits.pieceBytes);
    if (!id || !Number.isInteger(index) || !Number.isInteger(count)) return undefined;
    return index >= 0 && index < count && count <= maxCount ? { id, index, count } : undefined;
  }

  #shrink(): void {
    for (const id of this.#partials.keys()) {
      if (this.#bytes <= this.#limits.maxPartialBytes) return;
      this.#drop(id, "too many incomplete packets");
    }
  }

  #drop(id: string, reason: string): void {
    const partial = this.#partials.get(id);
    if (!partial) return;
    this.#remove(id, partial);
    this.#onDrop(`${reason}: ${partial.missing} of ${partial.pieces.length} pieces missing`, partial.about);
  }

  #remove(id: string, partial: Partial): void {
    clearTimeout(partial.timer);
    this.#partials.delete(id);
    this.#bytes -= partial.bytes;
  }
}
