import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { Opener } from "#broker/transit-seal/opener.ts";
import { clusterKey, headerOf, type Purpose, Sealer } from "#broker/transit-seal/seal.ts";
import { Seen } from "#broker/transit-seal/seen.ts";

const KEY = clusterKey("a password for this test only");
const FOR_B = { namespace: "eventix", type: "REQ", target: "b" };
const START = Date.UTC(2026, 0, 1);

/** A packet from a to b, and what the b that gets it says. */
function sent({ text = "hello", purpose = FOR_B, atMs = START + 1, key = KEY }: Partial<Sent> = {}) {
  return new Sealer(key).seal(Buffer.from(text), purpose, atMs);
}
interface Sent {
  text: string;
  purpose: Purpose;
  atMs: number;
  key: Buffer;
}

const openerOfB = (clock = { ms: START }) => new Opener(KEY, () => clock.ms);
const refusal = (opener: Opener, packet: Buffer, purpose = FOR_B) => {
  const opened = opener.open(packet, purpose);
  return "refused" in opened ? opened.refused : "taken";
};

test("a packet is opened by whom it is for, and says nothing on its way", () => {
  const packet = sent({ text: "seat A-1 for alice" });
  assert(!packet.includes("alice"));
  assert.deepEqual(openerOfB().open(packet, FOR_B), { content: Buffer.from("seat A-1 for alice") });
});

/** By nodes of 0.1.0, with a key of their own, for booking-1 and for all. Never changed: an upgrade rolls. */
const BY_OLDER_NODES = [
  ["REQ", "AQApuGlfiAxPm/KsHU+UUVxjAZt22qgAAAAAAAAAooqlH8pX6sjHOX9qdNv6HE63BEKC744="],
  ["INFO", "AQEpuGlfiAxPm/KsHU+UUVxjAZt22qgAAAAAAAABysJLuSy0kvbz0LoeMZjDPwbAhO8/lJU="],
] as const;

test("what nodes of an older version sealed is opened", () => {
  const opener = new Opener(clusterKey("an old password"), () => START);
  for (const [type, packet] of BY_OLDER_NODES) {
    const purpose = { namespace: "eventix", type, target: "booking-1" };
    assert.deepEqual(opener.open(Buffer.from(packet, "base64"), purpose), { content: Buffer.from("content") });
  }
});

test("what is for all is opened by each node once", () => {
  const packet = sent({ purpose: { ...FOR_B, target: null } });
  const [b, c] = [openerOfB(), openerOfB()];
  assert.equal(refusal(b, packet), "taken");
  assert.equal(refusal(c, packet, { ...FOR_B, target: "c" }), "taken");
  assert.equal(refusal(b, packet), "it has come before");
});

describe("who writes to Kafka without the key gets nothing taken:", () => {
  test("a packet of its own", () => {
    assert.equal(refusal(openerOfB(), Buffer.from('{"ver":"4","sender":"a"}'.repeat(5))), "it is not sealed");
    assert.equal(refusal(openerOfB(), Buffer.alloc(0)), "it is not sealed");
    assert.match(refusal(openerOfB(), sent({ key: randomBytes(32) })), /another key/);
  });

  test("a real one of which any bit is another", () => {
    const packet = sent();
    for (let at = 0; at < packet.length; at++) {
      const changed = Buffer.from(packet);
      changed[at] = (changed[at] as number) ^ 1;
      assert.match(refusal(openerOfB(), changed), /not sealed|another key/, `byte ${at}`);
    }
    for (let length = 0; length < packet.length; length++) {
      assert.match(refusal(openerOfB(), packet.subarray(0, length)), /not sealed|another key/, `${length} bytes`);
    }
  });

  const elsewhere: Record<string, Partial<Purpose>> = {
    "to another node": { target: "c" },
    "as another kind of packet": { type: "EVENT" },
    "in another namespace": { namespace: "test" },
  };
  for (const [what, change] of Object.entries(elsewhere)) {
    test(`a real one ${what}`, () => {
      const purpose = { ...FOR_B, ...change } as Purpose & { target: string };
      assert.match(refusal(openerOfB(), sent(), purpose), /for something else/);
    });
  }

  test("a real one again, at once or later", () => {
    const clock = { ms: START };
    const opener = openerOfB(clock);
    const packet = sent();
    assert.equal(refusal(opener, packet), "taken");
    assert.equal(refusal(opener, packet), "it has come before");
    clock.ms += 61_000;
    assert.match(refusal(opener, packet), /older than a minute/);
    clock.ms += 600_000;
    assert.equal(refusal(opener, sent({ atMs: clock.ms })), "taken");
    assert.match(refusal(opener, packet), /older than a minute/);
  });

  test("a real one again after the node was started anew", () => {
    const packet = sent({ atMs: START + 1 });
    assert.equal(refusal(openerOfB(), packet), "taken");
    assert.equal(refusal(openerOfB({ ms: START + 10 }), packet), "it was sent before this node started");
  });
});

test("packets that overtake one another are each taken once", () => {
  const sealer = new Sealer(KEY);
  const packets = Array.from({ length: 2_000 }, (_, n) => sealer.seal(Buffer.from(`${n}`), FOR_B, START + 1));
  const opener = openerOfB();
  const shuffled = packets.toSorted(() => Math.random() - 0.5);
  for (const packet of shuffled) assert.equal(refusal(opener, packet), "taken");
  for (const packet of shuffled) assert.equal(refusal(opener, packet), "it has come before");
});

test("no two packets of a cluster are sealed with the same key and nonce", () => {
  const packets = [new Sealer(KEY), new Sealer(KEY)].flatMap((sealer) =>
    [0, 1, 2].map(() => sealer.seal(Buffer.alloc(9), FOR_B)),
  );
  const used = packets.map((packet) => headerOf(packet)).map((header) => `${header?.session} ${header?.count}`);
  assert.equal(new Set(used).size, packets.length);
});

test("32 bytes as base64 are the key itself, whatever else is a password", () => {
  const bytes = randomBytes(32);
  assert.deepEqual(clusterKey(bytes.toString("base64")), bytes);
  assert.equal(clusterKey("correct horse battery staple").length, 32);
  assert.notDeepEqual(clusterKey("correct horse battery staple"), clusterKey("correct horse battery stapler"));
});

test("of the latest packets each is known; what is older than they counts as seen", () => {
  const seen = new Seen(64);
  for (const count of [3, 0, 40, 63]) seen.add(count);
  assert.deepEqual(
    [0, 1, 3, 40, 62, 63, 64].filter((count) => seen.has(count)),
    [0, 3, 40, 63],
  );
  seen.add(100);
  assert.deepEqual(
    [0, 36, 37, 40, 41, 99, 100, 101].filter((count) => seen.has(count)),
    [0, 36, 40, 100],
  );
  seen.add(1_000);
  assert.deepEqual(
    [100, 936, 937, 999, 1_000].filter((count) => seen.has(count)),
    [100, 936, 1_000],
  );
});
