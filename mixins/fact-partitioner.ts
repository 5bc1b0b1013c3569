import type { PartitionerArgs } from "kafkajs";

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/**
 * Which partition a fact's key lies in: producers and readers of facts agree on it, ours and those of other clients.
 *
 * Java's default partitioner, like kafkajs's own, which computes in 64-bit objects and took a twentieth of the node that sells.
 * A record without a key, as a dead letter may be, lies in the first.
 */
export const FACT_PARTITIONER =
  () =>
  ({ partitionMetadata, message: { key, partition } }: PartitionerArgs): number =>
    partition ?? (key == null ? 0 : (murmur2(Buffer.from(key)) & 0x7fffffff) % partitionMetadata.length);

/** MurmurHash2 of 32 bits (Austin Appleby, 2008) with Kafka's seed, as a signed integer. */
function murmur2(data: Buffer): number {
  let h = SEED ^ data.length;
  const whole = data.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    const k = Math.imul(data.readInt32LE(at), M);
    h = Math.imul(h, M) ^ Math.imul(k ^ (k >>> 24), M);
  }
  const rest = data.length - whole;
  if (rest > 0) h = Math.imul(h ^ data.readUIntLE(whole, rest), M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}
