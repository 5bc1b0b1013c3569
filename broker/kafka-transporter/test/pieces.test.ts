import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Assembler, PARTIAL_COST_BYTES, type PacketMessage, toMessages } from "../pieces.ts";
import { until } from "./support/until.ts";

const SMALL = {
  maxPacketBytes: 1_000,
  pieceBytes: 10,
  maxPartialBytes: 10 * (PARTIAL_COST_BYTES + 10),
  pieceTimeoutMs: 60_000,
};
const ID = { id: () => "p" };
const ABOUT = { cmd: "REQ" };
const pieceOf = ({ headers }: PacketMessage) => headers.piece as string;

function assembler(limits: Partial<typeof SMALL> = {}) {
  const dropped: string[] = [];
  return { dropped, assembler: new Assembler({ ...SMALL, ...limits }, (why) => dropped.push(why)) };
}

test("a small packet is one message, a large one comes back together from pieces in any order", () => {
  const small = toMessages("REQ", Buffer.from("0123456789"), SMALL.pieceBytes, ID);
  assert.deepEqual(small, [{ headers: { cmd: "REQ" }, value: Buffer.from("0123456789") }]);

  const data = randomBytes(95);
  const pieces = toMessages("REQ", data, SMALL.pieceBytes, ID);
  assert.equal(pieces.length, 10);
  const { assembler: target } = assembler();
  const results = pieces.reverse().map((piece) => target.add(pieceOf(piece), piece.value, ABOUT));
  assert.deepEqual(results.slice(0, -1), new Array(9).fill(undefined));
  assert.deepEqual(results.at(-1), data);
});

test("pieces are written as nodes of an older version read them", () => {
  const call = { id: "r1", from: "n1" };
  assert.deepEqual(toMessages("REQ", Buffer.from("0123456789abc"), SMALL.pieceBytes, { ...ID, call }), [
    { headers: { cmd: "REQ", piece: "p 0 2", call: '{"id":"r1","from":"n1"}' }, value: Buffer.from("0123456789") },
    { headers: { cmd: "REQ", piece: "p 1 2", call: '{"id":"r1","from":"n1"}' }, value: Buffer.from("abc") },
  ]);
});

test("a piece that comes twice changes nothing", () => {
  const [one, two] = toMessages("REQ", Buffer.from("0123456789abc"), SMALL.pieceBytes, ID) as [
    PacketMessage,
    PacketMessage,
  ];
  const { assembler: target } = assembler();
  target.add(pieceOf(one), one.value, ABOUT);
  assert.equal(target.add(pieceOf(one), one.value, ABOUT), undefined);
  assert.equal(target.add(pieceOf(two), two.value, ABOUT)?.toString(), "0123456789abc");
});

test("a packet whose piece does not come is dropped, and said", async () => {
  const { assembler: target, dropped } = assembler({ pieceTimeoutMs: 5 });
  target.add("p 0 3", Buffer.alloc(10), ABOUT);
  await until("it was dropped", () => dropped.length > 0);
  assert.deepEqual(dropped, ["a piece did not come: 2 of 3 pieces missing"]);
});

test("incomplete packets take a bounded amount of memory: the oldest goes", () => {
  const { assembler: target, dropped } = assembler();
  for (let n = 0; n < 11; n++) target.add(`p${n} 0 2`, Buffer.alloc(10), ABOUT);
  assert.deepEqual(dropped, ["too many incomplete packets: 1 of 2 pieces missing"]);
});

for (const header of ["", "p", "p 0", "p 2 2", "p -1 2", "p 0 101", "p x 2"]) {
  test(`the piece header "${header}" is refused`, () => {
    const { assembler: target, dropped } = assembler();
    assert.equal(target.add(header, Buffer.alloc(1), ABOUT), undefined);
    assert.equal(dropped.length, 1);
  });
}
