import assert from "node:assert/strict";
import { test } from "node:test";
import type { Evidence } from "./checker.ts";
import { type Fault, Found, type Stage } from "./fault.ts";
import { Random } from "./random.ts";
import { hitsOf, struck } from "./strike.ts";

const fault = (name: string, strike: Fault["strike"], more: Partial<Fault> = {}): Fault => ({
  ...{ name, what: name, strike, ...more },
});
const throws = (error: Error) => async (): Promise<never> => {
  throw error;
};
const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });

const stage = { random: new Random("1") } as Stage;
const strikeOf = (one: Fault, ...others: Fault[]) => {
  const strikes = [one, ...others].map((some) => ({ fault: some, atMs: 0 }));
  return struck(stage, { fault: one, atMs: 0 }, strikes);
};
const breaking = fault("breaking", async () => true, { breaks: "postgres" });

test("a fault that loses its connection to a server that its run breaks has missed", async () => {
  const one = await strikeOf(fault("one", throws(refused)), breaking);
  assert.deepEqual(one, { name: "one", bite: false, why: "connect ECONNREFUSED" });
});

for (const [what, one, others] of [
  ["loses its connection to a server that nobody broke", fault("one", throws(refused)), []],
  ["throws what is no lost connection", fault("one", throws(new TypeError("a mistake"))), [breaking]],
] as const) {
  test(`a fault that ${what} fails its run`, async () => {
    const result = await strikeOf(one, ...others);
    assert("invariant" in result && result.invariant === "fault", JSON.stringify(result));
  });
}

test("what a fault finds wrong is a violation of what it names", async () => {
  const one = await strikeOf(fault("one", throws(new Found("I9", "shown"))), breaking);
  assert.deepEqual(one, { invariant: "I9", problem: "shown" });
});

test("whether a fault bit is known at once, or asked when all is quiet, and no when it never is", async () => {
  const all = [
    { name: "bit", bite: true },
    { name: "missed", bite: false },
    { name: "seen later", bite: ({ sweptFrom }: Evidence) => sweptFrom === 1 },
  ];
  const bitten = async (quiet: Evidence | undefined) => (await hitsOf(all, quiet)).map(({ hasBitten }) => hasBitten);
  assert.deepEqual(await bitten({ sweptFrom: 1 } as Evidence), [true, false, true]);
  assert.deepEqual(await bitten({ sweptFrom: 2 } as Evidence), [true, false, false]);
  assert.deepEqual(await bitten(undefined), [true, false, false]);
});

test("each fault draws from a source of its own", async () => {
  const drawn: number[] = [];
  const drawing = (name: string) =>
    fault(name, async ({ random }) => {
      drawn.push(random.float());
      return true;
    });
  await strikeOf(drawing("a"));
  await strikeOf(drawing("b"));
  await strikeOf(drawing("a"));
  assert.equal(drawn[2], drawn[0]);
  assert.notEqual(drawn[1], drawn[0]);
});
