import assert from "node:assert/strict";
import { test } from "node:test";
import { packBits } from "../../services/booking/availability.ts";
import { cursorOf, placeOf } from "../../services/booking/booking-cursor.ts";
import { drawTicketReference } from "../../services/booking/ticket-reference.ts";
import { fc } from "../support/property.ts";

test("each seat's two bits say its state, whatever the order in which taken seats were read", () => {
  const states = fc.array(fc.nat(3), { maxLength: 200 });
  fc.assert(
    fc.property(states, fc.infiniteStream(fc.nat()), (given, order) => {
      const having = (state: number) => {
        const indexes = given.flatMap((s, index) =>
          s === state ? [{ index, rank: order.next().value as number }] : [],
        );
        return indexes.sort((a, b) => a.rank - b.rank).map(({ index }) => index);
      };
      const taken = { HELD: having(1), BOOKED: having(2), BLOCKED: having(3) };
      const bytes = packBits({ seatCount: given.length, taken });
      assert.equal(bytes.length, Math.ceil(given.length / 4));
      const read = given.map((_, index) => ((bytes[index >> 2] as number) >> (2 * (index & 3))) & 3);
      assert.deepEqual(read, given);
      // What stands after the last seat is no seat's, and zero.
      const rest = given.length % 4;
      if (rest > 0) assert.equal((bytes.at(-1) as number) >> (2 * rest), 0);
    }),
  );
});

const microseconds = fc.bigInt({ min: 0n, max: 9_999_999_999_999_999n }).map(String);
const URL_SAFE = /^[A-Za-z0-9_-]{1,200}$/;

test("a place in a list survives its cursor, which an address can carry as it is", () => {
  fc.assert(
    fc.property(microseconds, fc.uuid(), (createdUs, id) => {
      const cursor = cursorOf({ createdUs, id });
      assert.match(cursor, URL_SAFE);
      assert.deepEqual(placeOf(cursor), { createdUs, id });
    }),
  );
});

test("any other text is refused as a cursor, or is a place that has one", () => {
  const other = fc.oneof(
    fc.string({ maxLength: 100 }),
    fc.string({ maxLength: 60 }).map((text) => Buffer.from(text).toString("base64url")),
    fc
      .tuple(fc.string({ unit: fc.constantFrom("0", "9", "-", "."), maxLength: 20 }), fc.uuid())
      .map(([number, id]) => Buffer.from(`${number} ${id}`).toString("base64url")),
  );
  fc.assert(
    fc.property(other, (text) => {
      try {
        const place = placeOf(text);
        assert.deepEqual(placeOf(cursorOf(place)), place);
        assert.match(place.createdUs, /^\d{1,16}$/);
      } catch (error) {
        assert.equal((error as { type?: string }).type, "VALIDATION_ERROR");
      }
    }),
  );
});

test("a ticket reference is read aloud without doubt, and any of its places may be any of 32 characters", () => {
  const seen = Array.from({ length: 12 }, () => new Set<string>());
  for (let n = 0; n < 2_000; n++) {
    const reference = drawTicketReference();
    assert.match(reference, /^([0-9A-HJKMNP-TV-Z]{4}-){2}[0-9A-HJKMNP-TV-Z]{4}$/);
    for (const [at, character] of [...reference.replaceAll("-", "")].entries()) seen[at]?.add(character);
  }
  assert.deepEqual(
    seen.map((characters) => characters.size),
    Array(12).fill(32),
  );
});
