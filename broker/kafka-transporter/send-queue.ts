import { setTimeout as delay } from "node:timers/promises";
import { notSent, queueFull } from "./errors.ts";
import { Lane, type Part } from "./lane.ts";
import type { Limits } from "./limits.ts";
import type { PacketMessage } from "./pieces.ts";

export interface TopicMessages {
  topic: string;
  messages: PacketMessage[];
}

interface Outlet {
  /** Resolves when the topic can be written to; rejects when it does not exist. Asked once a topic, before its first packet. */
  learn(topic: string): Promise<void>;
  publish(batch: TopicMessages[]): Promise<void>;
}

/**
 * What waits to be published: packets of one turn of the event loop leave in one request, each topic has a lane of its own
 * with its share of it, and at most `maxInFlight` requests are under way. When it is full, `push` rejects at once.
 */
export class SendQueue {
  readonly #outlet: Outlet;
  readonly #limits: Limits;
  readonly #lanes = new Map<string, Lane>();
  #bytes = 0;
  #packets = 0;
  #inFlight = 0;
  #scheduled = false;
  #closed = false;

  constructor(outlet: Outlet, limits: Limits) {
    this.#outlet = outlet;
    this.#limits = limits;
  }

  /** Resolves when the broker has all messages of the packet. Rejects with a retryable error, type SEND_QUEUE_FULL or PACKET_NOT_SENT. */
  push(topic: string, messages: PacketMessage[]): Promise<void> {
    const bytes = messages.reduce((sum, { value }) => sum + value.length, 0);
    if (this.#closed) return Promise.reject(notSent("The transporter is closed."));
    if (this.#bytes + bytes > this.#limits.maxQueuedBytes || this.#packets >= this.#limits.maxQueuedPackets) {
      return Promise.reject(queueFull());
    }
    this.#bytes += bytes;
    this.#packets++;
    const expiresAt = performance.now() + this.#limits.maxQueuedMs;
    return new Promise<void>((resolve, reject) => {
      this.#laneOf(topic).add({ messages, sent: 0, acked: 0, expiresAt, resolve, reject });
      this.#schedule();
    }).finally(() => {
      this.#bytes -= bytes;
      this.#packets--;
    });
  }

  /** The node behind a topic is gone: what waits for it fails, and the topic is learned anew if it comes back. */
  forget(topic: string): void {
    this.#lanes.get(topic)?.fail(notSent("The node is gone."));
    this.#lanes.delete(topic);
  }

  /** Refuses new packets and waits, at most `withinMs`, until those accepted have left. */
  async close(withinMs: number): Promise<void> {
    this.#closed = true;
    const until = performance.now() + withinMs;
    while (this.#packets > 0 && performance.now() < until) await delay(5);
    for (const topic of [...this.#lanes.keys()]) this.forget(topic);
  }

  #laneOf(topic: string): Lane {
    const known = this.#lanes.get(topic);
    if (known) return known;
    const lane = new Lane();
    this.#lanes.set(topic, lane);
    this.#learn(topic, lane);
    return lane;
  }

  #relearn(topic: string): void {
    const lane = this.#lanes.get(topic);
    if (lane?.isOpen) this.#learn(topic, lane);
  }

  #learn(topic: string, lane: Lane): void {
    lane.isOpen = false;
    this.#outlet.learn(topic).then(
      () => {
        lane.isOpen = true;
        this.#schedule();
      },
      (error: Error) => {
        if (this.#lanes.get(topic) === lane) this.#lanes.delete(topic);
        lane.fail(notSent(error.message));
      },
    );
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#inFlight < this.#limits.maxInFlight && this.#flush());
    });
  }

  /** Sends the next request; false when nothing waits. */
  #flush(): boolean {
    const now = performance.now();
    const parts: Part[] = [];
    const batch: TopicMessages[] = [];
    for (const [topic, lane] of this.#lanes) {
      const taken = lane.take(this.#limits.batchBytes, now);
      if (taken.length === 0) continue;
      parts.push(...taken);
      batch.push({ topic, messages: taken.flatMap((part) => part.messages) });
    }
    if (batch.length === 0) return false;
    this.#inFlight++;
    this.#outlet
      .publish(batch)
      .then(
        () => {
          for (const { packet, messages } of parts) {
            packet.acked += messages.length;
            if (packet.acked === packet.messages.length) packet.resolve();
          }
        },
        (error: Error) => {
          for (const { packet } of parts) {
            packet.sent = packet.messages.length;
            packet.reject(notSent(`The packet may not have arrived: ${error.message}`));
          }
          // One of the topics may have been removed: asked for one by one, it does not hold up the others again.
          for (const { topic } of batch) this.#relearn(topic);
        },
      )
      .finally(() => {
        this.#inFlight--;
        this.#schedule();
      });
    return true;
  }
}
