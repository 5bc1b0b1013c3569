import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkSignature, signatureOf } from "../../services/payment/webhook-signature.ts";
import { newSecret } from "./support/webhook.ts";

/** As published with Standard Webhooks. */
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SIGNED = {
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: "1614265330",
  body: Buffer.from('{"test": 2432232314}'),
};
const SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const THEN_MS = 1_614_265_330_000;

const refused = (type: string) => (error: { type?: string }) => error.type === type;

test("the example of the standard is signed as the standard says, and accepted", () => {
  assert.equal(signatureOf(SECRET, SIGNED), SIGNATURE);
  checkSignature(SIGNED, SIGNATURE, [SECRET], THEN_MS);
});

test("while secrets change, one that fits is enough on either side", () => {
  const [old, fresh] = [newSecret(), newSecret()];
  const both = `${signatureOf(old, SIGNED)} ${signatureOf(fresh, SIGNED)}`;
  checkSignature(SIGNED, both, [fresh], THEN_MS);
  checkSignature(SIGNED, both, [old], THEN_MS);
  checkSignature(SIGNED, signatureOf(fresh, SIGNED), [old, fresh], THEN_MS);
  assert.throws(() => checkSignature(SIGNED, both, [SECRET], THEN_MS), refused("SIGNATURE_INVALID"));
});

describe("what was not signed so is refused:", () => {
  const cases: [what: string, change: Partial<typeof SIGNED>, signature?: string, secrets?: string[]][] = [
    ["another id", { id: "msg_other" }],
    ["another time", { timestamp: "1614265331" }],
    ["a body of other bytes that mean the same", { body: Buffer.from('{"test":2432232314}') }],
    ["a body with a byte more", { body: Buffer.concat([SIGNED.body, Buffer.from("\n")]) }],
    ["no signature", {}, ""],
    ["half a signature", {}, SIGNATURE.slice(0, 20)],
    ["a signature of another scheme", {}, SIGNATURE.replace("v1,", "v2,")],
    ["a signature without its scheme", {}, SIGNATURE.slice(3)],
    ["the right one behind ten others", {}, `${"v1,AAAA ".repeat(10)}${SIGNATURE}`],
    ["any while no secret is known", {}, SIGNATURE, []],
  ];
  for (const [what, change, signature = SIGNATURE, secrets = [SECRET]] of cases) {
    test(what, () => {
      const check = () => checkSignature({ ...SIGNED, ...change }, signature, secrets, THEN_MS);
      assert.throws(check, refused("SIGNATURE_INVALID"));
    });
  }
});

describe("a signature is good for five minutes, by either clock:", () => {
  for (const [awayS, good] of [
    [-301, false],
    [-300, true],
    [300, true],
    [301, false],
  ] as const) {
    test(`${awayS} s`, () => {
      const check = () => checkSignature(SIGNED, SIGNATURE, [SECRET], THEN_MS + awayS * 1_000);
      if (good) check();
      else assert.throws(check, refused("SIGNATURE_STALE"));
    });
  }

  for (const timestamp of ["", "soon", "1e400", "NaN"]) {
    test(`and no time at all is none: "${timestamp}"`, () => {
      const signed = { ...SIGNED, timestamp };
      const check = () => checkSignature(signed, signatureOf(SECRET, signed), [SECRET], THEN_MS);
      assert.throws(check, refused("SIGNATURE_STALE"));
    });
  }
});
