const KIB = 1024;
const MIB = 1024 * KIB;

/** Bounds of the transporter. A test narrows them; nothing else needs to. */
export interface Limits {
  /** The largest packet, as serialized; a larger one is refused by the sender. */
  maxPacketBytes: number;
  /** Larger packets travel in pieces of this size, well below the broker's default message.max.bytes of 1 MiB. */
  pieceBytes: number;
  /** What one topic gets in one produce request: the broker counts message.max.bytes by batch. */
  batchBytes: number;
  /** What may wait to be sent, half of it to one node; when that is full, sending fails at once. */
  maxQueuedBytes: number;
  maxQueuedPackets: number;
  /** A packet that waited longer is not sent any more: its caller has given up. */
  maxQueuedMs: number;
  /** What incomplete packets may take at the receiver; the oldest goes first. */
  maxPartialBytes: number;
  /** An incomplete packet is dropped when no piece has come for so long. */
  pieceTimeoutMs: number;
  /** After a longer loss of the brokers the inbox goes on from its end: what waits there has no caller left. */
  staleAfterMs: number;
  /** How often a node looks for inboxes that nobody reads any more. */
  lookForGoneMs: number;
}

export const LIMITS: Readonly<Limits> = Object.freeze({
  maxPacketBytes: 64 * MIB,
  pieceBytes: 512 * KIB,
  batchBytes: 900 * KIB,
  maxQueuedBytes: 160 * MIB,
  maxQueuedPackets: 50_000,
  maxQueuedMs: 5_000,
  maxPartialBytes: 160 * MIB,
  pieceTimeoutMs: 10_000,
  staleAfterMs: 10_000,
  lookForGoneMs: 5 * 60_000,
});
