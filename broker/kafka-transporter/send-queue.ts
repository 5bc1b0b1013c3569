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
  /** The broker that leads the topic; rejects when there is none. Asked once a topic, before its first packet. */
  learn(topic: string): Promise<number>;
  publish(batch: TopicMessages[]): Promise<void>;
}

/** What begins no work, as an answer and a heartbeat, is still taken when new work is refused: up to so much above the limits. */
const RESERVE = 1.25;
/** One topic that nobody takes from us leaves room for the others. */
const LANE_SHARE = 0.5;

/**
 * What waits to be published. One request is under way to each broker, and what comes meanwhile leaves together in the next; each
 * topic has a lane of its own with its share of it. A broker that stands still holds up none but the topics that it leads. When
 * the queue is full, `push` rejects at once.
 */
export class SendQueue {
  readonly #outlet: Outlet;
  readonly #limits: Limits;
  readonly #lanes = new Map<string, Lane>();
  /** Brokers with a request under way. */
  readonly #busy = new Set<number>();
  #bytes = 0;
  #packets = 0;
  #scheduled = false;
  #closed = false;

  constructor(outlet: Outlet, limits: Limits) {
    this.#outlet = outlet;
    this.#limits = limits;
  }

  /**
   * Resolves when the broker has all messages of the packet. Rejects with a retryable error, type SEND_QUEUE_FULL or
   * PACKET_NOT_SENT.
   */
  push(topic: string, messages: PacketMessage[], { usesReserve = false } = {}): Promise<void> {
    if (this.#closed) return Promise.reject(notSent("The transporter is closed."));
    const bytes = messages.reduce((sum, { value }) => sum + value.length, 0);
    const lane = this.#laneOf(topic);
    if (this.#isFull(lane, bytes, usesReserve ? RESERVE : 1)) return Promise.reject(queueFull());
    this.#count(lane, 1, bytes);
    const expiresAt = performance.now() + this.#limits.maxQueuedMs;
    return new Promise<void>((resolve, reject) => {
      lane.add({ messages, sent: 0, acked: 0, expiresAt, resolve, reject });
      this.#schedule();
    }).finally(() => this.#count(lane, -1, -bytes));
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

  #isFull(lane: Lane, bytes: number, factor: number): boolean {
    const maxBytes = factor * this.#limits.maxQueuedBytes;
    const maxPackets = factor * this.#limits.maxQueuedPackets;
    return (
      this.#bytes + bytes > maxBytes ||
      this.#packets >= maxPackets ||
      lane.bytes + bytes > LANE_SHARE * maxBytes ||
      lane.packets >= LANE_SHARE * maxPackets
    );
  }

  #count(lane: Lane, packets: number, bytes: number): void {
    lane.bytes += bytes;
    lane.packets += packets;
    this.#bytes += bytes;
    this.#packets += packets;
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
    if (lane?.leader !== undefined) this.#learn(topic, lane);
  }

  #learn(topic: string, lane: Lane): void {
    lane.leader = undefined;
    this.#outlet.learn(topic).then(
      (leader) => {
        lane.leader = leader;
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
      const now = performance.now();
      const leaders = new Set<number>();
      for (const lane of this.#lanes.values()) {
        lane.expire(now);
        if (lane.leader !== undefined) leaders.add(lane.leader);
      }
      for (const leader of leaders) if (!this.#busy.has(leader)) this.#flush(leader);
    });
  }

  /** Sends the next request to a broker, if anything waits for it. */
  #flush(leader: number): void {
    const parts: Part[] = [];
    const batch: TopicMessages[] = [];
    for (const [topic, lane] of this.#lanes) {
      const taken = lane.leader === leader ? lane.take(this.#limits.batchBytes) : [];
      if (taken.length === 0) continue;
      parts.push(...taken);
      batch.push({ topic, messages: taken.flatMap((part) => part.messages) });
    }
    if (batch.length === 0) return;
    this.#busy.add(leader);
    this.#outlet
      .publish(batch)
      .then(
        () => settle(parts),
        (error: Error) => {
          for (const { packet } of parts) {
            packet.sent = packet.messages.length;
            packet.reject(notSent(`The packet may not have arrived: ${error.message}`));
          }
          // One of the topics may have been removed or have another leader: asked for one by one, it does not hold up the others.
          for (const { topic } of batch) this.#relearn(topic);
        },
      )
      .finally(() => {
        this.#busy.delete(leader);
        this.#schedule();
      });
  }
}

function settle(parts: Part[]): void {
  for (const { packet, messages } of parts) {
    packet.acked += messages.length;
    if (packet.acked === packet.messages.length) packet.resolve();
  }
}
