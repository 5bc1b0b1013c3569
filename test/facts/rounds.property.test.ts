import assert from "node:assert/strict";
import { test } from "node:test";
import { rounds } from "#mixins/rounds.ts";
import { fc } from "../support/property.ts";

const items = fc
  .array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 30 })
  .map((subjects) => subjects.map((subject, at) => ({ subject, at })));

test("rounds hold every item once, no subject twice in a round, and each subject's items in their order", () => {
  fc.assert(
    fc.property(items, (given) => {
      const result = rounds(given, ({ subject }) => subject);
      assert.deepEqual(
        result.flat().toSorted((a, b) => a.at - b.at),
        given,
      );
      for (const round of result) {
        assert.equal(new Set(round.map(({ subject }) => subject)).size, round.length);
        assert.deepEqual(
          round,
          round.toSorted((a, b) => a.at - b.at),
        );
      }
      for (const [subject, own] of Map.groupBy(given, (item) => item.subject)) {
        const inRounds = result.map((round) => round.filter((item) => item.subject === subject));
        assert.deepEqual(
          inRounds.slice(0, own.length),
          own.map((item) => [item]),
        );
      }
    }),
  );
});

test("there are as many rounds as the busiest subject has items", () => {
  fc.assert(
    fc.property(items, (given) => {
      const counts = [...Map.groupBy(given, ({ subject }) => subject).values()].map((own) => own.length);
      assert.equal(rounds(given, ({ subject }) => subject).length, Math.max(0, ...counts));
    }),
  );
});
