import { notSent } from "./errors.ts";
import type { PacketMessage } from "./pieces.ts";

export interface Packet {
  messages: PacketMessage[];
  /** How many of its messages were handed out, and how many of those the broker has. */
  sent: number;
  acked: number;
  /** By performance.now(). */
  expiresAt: number;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** The messages of one packet that travel in one request. */
export interface Part {
  packet: Packet;
  messages: PacketMessage[];
}

/**
 * What waits for one topic. Whole packets overtake those in pieces, so that a call does not wait behind a bulk import to the
 * same node; every request still carries a piece, so that the import goes on.
 */
export class Lane {
  /** The broker that leads the topic. Nothing is handed out before it is known. */
  leader: number | undefined;
  /** What of this topic has been accepted and is not settled. */
  bytes = 0;
  packets = 0;
  #whole: Packet[] = [];
  #inPieces: Packet[] = [];

  add(packet: Packet): void {
    (packet.messages.length === 1 ? this.#whole : this.#inPieces).push(packet);
  }

  /** Hands out up to `maxBytes`, and at least one message when any waits. */
  take(maxBytes: number): Part[] {
    const parts: Part[] = [];
    const piece = this.#nextPiece();
    let bytes = 0;
    if (piece) {
      parts.push(piece);
      bytes = byteLength(piece);
    }
    let count = 0;
    for (const packet of this.#whole) {
      const part = { packet, messages: packet.messages };
      bytes += byteLength(part);
      if (bytes > maxBytes && parts.length > 0) break;
      packet.sent = 1;
      parts.push(part);
      count++;
    }
    this.#whole.splice(0, count);
    return parts;
  }

  /** Rejects all that waits. */
  fail(error: Error): void {
    for (const packet of [...this.#whole, ...this.#inPieces]) packet.reject(error);
    this.#whole = [];
    this.#inPieces = [];
  }

  /** Rejects what has waited too long by `now`. */
  expire(now: number): void {
    const isLive = (packet: Packet) => {
      // A packet that began to leave goes on: its receiver holds the pieces.
      if (packet.sent >= packet.messages.length) return false;
      if (packet.sent > 0 || packet.expiresAt > now) return true;
      packet.reject(notSent("The packet waited too long to be sent."));
      return false;
    };
    if ((this.#whole[0]?.expiresAt ?? now + 1) <= now) this.#whole = this.#whole.filter(isLive);
    this.#inPieces = this.#inPieces.filter(isLive);
  }

  #nextPiece(): Part | undefined {
    const packet = this.#inPieces[0];
    if (!packet) return undefined;
    const messages = packet.messages.slice(packet.sent, packet.sent + 1);
    packet.sent++;
    if (packet.sent >= packet.messages.length) this.#inPieces.shift();
    return { packet, messages };
  }
}

const byteLength = ({ messages }: Part) => messages.reduce((sum, { value }) => sum + value.length, 0);
