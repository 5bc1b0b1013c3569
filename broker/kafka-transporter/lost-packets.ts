import { setTimeout as delay } from "node:timers/promises";
import type { Transit } from "moleculer";
import { packetLost } from "./errors.ts";

/** A packet as Moleculer hands it over. */
export interface Outgoing {
  type: string;
  target?: string | null;
  payload: { id?: string; seq?: number; stream?: boolean };
}

/** The call that a packet belongs to; `seq` in a stream; `from` sent it. */
export interface CallReference {
  id: string;
  seq?: number | undefined;
  from: string;
}

const REQUEST = "REQ";
export const RESPONSE = "RES";
/** How often, and at what pauses, a node is told of what it will not get; longer than Kafka is away, nobody waits. */
const TELL_ATTEMPTS = 10;
const TELL_PAUSE_MS = 1_000;
/** Chunks of one stream fail together: the first of them ends it. */
const REMEMBER_MS = 60_000;

/** The chunks of a stream come after its call or answer, and nobody's time-out watches over them. */
export const isChunk = (seq: number | undefined) => (seq ?? 0) > 0;

export function callOf({ type, payload: { id, seq } }: Outgoing, from: string): CallReference | undefined {
  return (type === REQUEST || type === RESPONSE) && id ? { id, seq, from } : undefined;
}

export function readCall(header: { toString(): string } | undefined): CallReference | undefined {
  try {
    const { id, seq, from } = JSON.parse(String(header ?? "null")) ?? {};
    const isCall = typeof id === "string" && typeof from === "string" && (seq === undefined || Number.isInteger(seq));
    return isCall ? { id, seq, from } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Tells whoever waits for a packet that it will not come. Moleculer does so for calls that cannot be sent; an answer, and the
 * chunks of a stream, it would leave out, and their reader would wait until its time-out, or for ever.
 */
export class LostPackets {
  readonly #transit: Transit;
  /** What was told of streams; without it a late chunk would make a stream of its own at the other node. */
  readonly #ended = new Set<string>();
  /** The packets that tell: when they are lost too, they are sent again, not told of. */
  readonly #telling = new WeakSet<object>();

  constructor(transit: Transit) {
    this.#transit = transit;
  }

  /** A packet could not be sent. */
  async onUnsent({ type, target, payload }: Outgoing, error: Error): Promise<void> {
    const { id, seq } = payload;
    if (!target || !id || this.#telling.has(payload)) return;
    if (type !== RESPONSE && !(type === REQUEST && isChunk(seq))) return;
    if (isChunk(seq) && !this.#endStream(id)) return;
    const told = type === RESPONSE ? this.#failure(id, seq, unanswered(error)) : this.#brokenStream(id, seq, error);
    this.#telling.add(told);
    for (let attempt = 1; attempt <= TELL_ATTEMPTS; attempt++) {
      try {
        return await this.#transit.publish({ type, target, payload: told } as never);
      } catch {
        await delay(TELL_PAUSE_MS, undefined, { ref: false });
      }
    }
  }

  /** A packet for this node was sent and has not arrived. */
  onLost(type: string, { id, seq, from }: CallReference, error: Error): void {
    if (type === RESPONSE) this.#transit.responseHandler({ ...this.#failure(id, seq, error), sender: from });
    else if (type !== REQUEST) return;
    else if (isChunk(seq)) {
      if (!this.#transit.pendingReqStreams.has(id)) return;
      this.#transit.requestHandler({ ...this.#brokenStream(id, seq, error), sender: from });
    }
    // Anyone who writes to the topic can give a name: only a node that is known gets an answer.
    else if (this.#transit.broker.registry.nodes.has(from)) {
      this.#transit.sendResponse(from, id, {}, {}, {}, error);
    }
  }

  /** The answer that ends a call or, in the place of a chunk, a stream. */
  #failure(id: string, seq: number | undefined, error: Error) {
    const place = isChunk(seq) && { seq, stream: false };
    return { id, meta: {}, data: null, success: false, error: this.#plain(error), ...place };
  }

  /** What ends the stream of a call, in the place of a chunk. */
  #brokenStream(id: string, seq: number | undefined, error: Error) {
    return { id, seq, stream: false, meta: {}, params: null, headers: { $streamError: this.#plain(error) } };
  }

  #plain(error: Error) {
    return this.#transit.errorRegenerator.extractPlainError(error);
  }

  /** False when it was ended before. Its source would wait for ever for its chunk to leave. */
  #endStream(id: string): boolean {
    if (this.#ended.has(id)) return false;
    this.#ended.add(id);
    setTimeout(() => this.#ended.delete(id), REMEMBER_MS).unref();
    const call = this.#transit.pendingRequests.get(id);
    const source = call?.ctx.options.stream as { destroy?(): void } | undefined;
    source?.destroy?.();
    return true;
  }
}

/** What was asked was done: its caller must not take a lost answer for a call that did not leave. */
const unanswered = (error: Error): Error =>
  (error as { retryable?: unknown }).retryable === true
    ? packetLost(`the answer could not be sent: ${error.message.replace(/\.$/, "")}`)
    : error;
