import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { type PartitionerArgs, Partitioners } from "kafkajs";
import { FACT_PARTITIONER } from "#mixins/fact-partitioner.ts";

const partitionMetadata = Array.from({ length: 12 }, (_, partitionId) => ({ partitionId, leader: 1 }));
const asked = (message: object) => ({ topic: "t", partitionMetadata, message }) as unknown as PartitionerArgs;

test("a key lies where kafkajs's own partitioner, and Java's, would put it", () => {
  const [ours, theirs] = [FACT_PARTITIONER(), Partitioners.DefaultPartitioner()];
  const keys = Array.from({ length: 2_000 }, (_, n) => randomBytes(n % 41));
  const found = new Set<number>();
  for (const key of [...keys, "019c0e0b-1d20-7a64-8c1f-5b7de2f09a11"]) {
    const partition = ours(asked({ key }));
    assert.equal(partition, theirs(asked({ key })), `${key}`);
    found.add(partition);
  }
  assert.equal(found.size, partitionMetadata.length);
});

test("a partition that is asked for is taken, and a record without a key has a place", () => {
  assert.equal(FACT_PARTITIONER()(asked({ key: "a", partition: 7 })), 7);
  assert.equal(FACT_PARTITIONER()(asked({ key: null })), 0);
});
