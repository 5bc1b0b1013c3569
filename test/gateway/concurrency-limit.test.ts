import assert from "node:assert/strict";
import { test } from "node:test";
import { ConcurrencyLimit } from "../../services/gateway/concurrency-limit.ts";

const LEAST = 500;
const MOST = 2_000;
const SECOND = 1_000;

/** For so many seconds so many are answered in each, each after so many ms; what the limit is then. */
function limitAfter(...times: { seconds: number; perSecond: number; ms: number; underWay?: number }[]): number {
  let now = 0;
  const limit = new ConcurrencyLimit(() => now);
  for (const { seconds, perSecond, ms, underWay = MOST } of times) {
    for (let n = 0; n < seconds * perSecond; n++) {
      now += SECOND / perSecond;
      limit.observe(ms, underWay);
    }
  }
  return limit.current;
}

const FLOOD = { seconds: 1, perSecond: 4_000, ms: 2_000 };

test("a gateway that nobody waits at lets in as many as it ever does", () => {
  assert.equal(limitAfter(), MOST);
  assert.equal(limitAfter({ seconds: 5, perSecond: 10_000, ms: 299 }), MOST);
});

test("where answers take long, as many are let in as are answered in the time that they may take", () => {
  assert.equal(limitAfter(FLOOD), 1_200);
  assert.equal(limitAfter({ ...FLOOD, perSecond: 2_500 }), 750);
});

test("a machine so slow, or a database so silent, that hardly anybody is answered does not shut all out", () => {
  assert.equal(limitAfter({ seconds: 5, perSecond: 10, ms: 5_000 }), LEAST);
});

test("slow answers with hardly anybody beside them shut nobody out", () => {
  assert.equal(limitAfter({ seconds: 5, perSecond: 10, ms: 5_000, underWay: LEAST }), MOST);
});

test("answers that are slow however fast they come let in no more than before", () => {
  assert.equal(limitAfter(FLOOD, { ...FLOOD, perSecond: 6_000 }), 1_200);
  assert.equal(limitAfter({ seconds: 1, perSecond: 20_000, ms: 301 }), MOST);
});

test("when the flood is over the gateway opens again, step by step", () => {
  const calm = { perSecond: 100, ms: 10 };
  assert.equal(limitAfter(FLOOD, { ...calm, seconds: 1 }), 1_450);
  assert.equal(limitAfter(FLOOD, { ...calm, seconds: 4 }), MOST);
});
