import assert from "node:assert/strict";
import { test } from "node:test";
import { hashOf } from "../../services/catalog/request-hash.ts";
import { finish } from "./support/read.ts";

const hash = (value: unknown) => finish(hashOf(value)).toString("hex");

test("requests that differ in anything that was sent have different hashes", () => {
  const different: unknown[] = [
    {},
    [],
    null,
    "",
    [""],
    { a: 1 },
    { a: "1" },
    { a: null },
    { a: [1] },
    { a: { 1: 1 } },
    { a: 1, b: 2 },
    { b: 2, a: 1 },
    ["a", 1],
    [["a"], 1],
    [["a", 1]],
    [[], ["a", 1]],
    '["a",1]',
    'a",1,"b',
    ["a", 1, "b"],
    { 'a":1,"b': 2 },
  ];
  assert.equal(new Set(different.map(hash)).size, different.length);
  assert.equal(hash({ a: [1, { b: "é😀" }] }), hash(JSON.parse('{"a":[1,{"b":"é😀"}]}')));
});

test("a large plan is hashed in short turns, and one nested to any depth at all", () => {
  const seats = Array.from({ length: 20_000 }, (_, n) => ({ seat_guid: `guid-${n}`, position: { x: n, y: n } }));
  const steps = hashOf(seats);
  let turns = 0;
  while (!steps.next().done) turns += 1;
  assert(turns > JSON.stringify(seats).length / 100_000);
  const depth = 1_000_000;
  assert.match(hash(JSON.parse("[".repeat(depth) + "]".repeat(depth))), /^[0-9a-f]{64}$/);
});
