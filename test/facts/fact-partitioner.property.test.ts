import assert from "node:assert/strict";
import { test } from "node:test";
import { type PartitionerArgs, Partitioners } from "kafkajs";
import { FACT_PARTITIONER } from "#mixins/fact-partitioner.ts";
import { fc } from "../support/property.ts";

const key = fc.oneof(
  fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.uuid(),
);

test("a key of any bytes lies where kafkajs's own partitioner puts it, however many partitions there are", () => {
  const [ours, theirs] = [FACT_PARTITIONER(), Partitioners.DefaultPartitioner()];
  fc.assert(
    fc.property(key, fc.integer({ min: 1, max: 500 }), (given, partitions) => {
      const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({ partitionId, leader: 1 }));
      const asked = {
        topic: "t",
        partitionMetadata,
        message: { key: given, value: null },
      } as unknown as PartitionerArgs;
      assert.equal(ours(asked), theirs(asked));
    }),
  );
});
