import assert from "node:assert/strict";
import { test } from "node:test";
import { AvailabilityReads } from "../../services/booking/availability-reads.ts";

const [HALL, OTHER] = ["018f3a9e-0000-7000-8000-000000000001", "018f3a9e-0000-7000-8000-000000000002"];

/** Reads that say how much was sold when they began, and take as long as the test says. */
function shop() {
  const began: string[] = [];
  const shown = { sold: 0, lasts: Promise.resolve() };
  const reads = new AvailabilityReads(async ({ eventId, as = "seats" }) => {
    began.push(`${eventId} ${as}`);
    const seatCount = shown.sold;
    await shown.lasts;
    return { seatCount, bits: "" };
  });
  return { reads, began, shown };
}

test("a crowd shares two reads: the one that the first began, and the one that begins after it", async () => {
  const { reads, began } = shop();
  await Promise.all(Array.from({ length: 50 }, () => reads.get({ eventId: HALL, as: "bits" })));
  assert.equal(began.length, 2);
});

test("nobody is shown what was so before they asked", async () => {
  const { reads, shown } = shop();
  const { promise, resolve } = Promise.withResolvers<void>();
  shown.lasts = promise;
  const before = reads.get({ eventId: HALL });
  shown.sold = 1;
  const after = reads.get({ eventId: HALL });
  resolve();
  assert.deepEqual([(await before).seatCount, (await after).seatCount], [0, 1]);
});

test("halls, and the two forms of one, are read by themselves", async () => {
  const { reads, began } = shop();
  const asked = [{ eventId: HALL }, { eventId: HALL, as: "bits" }, { eventId: OTHER }] as const;
  await Promise.all(asked.map((query) => reads.get(query)));
  assert.deepEqual(began, [`${HALL} seats`, `${HALL} bits`, `${OTHER} seats`]);
});

test("a read that fails is failed for those who share it, and the next one begins anew", async () => {
  let fails = true;
  const reads = new AvailabilityReads(async () => {
    if (fails) throw new Error("away");
    return { seatCount: 1, bits: "" };
  });
  await assert.rejects(reads.get({ eventId: HALL }), /away/);
  const [one, two] = [reads.get({ eventId: HALL }), reads.get({ eventId: HALL })];
  fails = false;
  assert.deepEqual([(await one).seatCount, (await two).seatCount], [1, 1]);
});
