import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, beforeEach, describe, test } from "node:test";
import { Authenticator } from "../../services/gateway/auth.ts";
import { KeyRing } from "../../services/gateway/key-ring.ts";
import { until } from "../support/until.ts";
import { AUDIENCE, ISSUER, Issuer, makeKey, sign, toJwk } from "./support/issuer.ts";

const [first, second] = [makeKey("first"), makeKey("second")];
const issuers: Issuer[] = [];
let issuer: Issuer;
let uri: string;
let clock: number;
let authenticator: Authenticator;

beforeEach(async () => {
  issuer = new Issuer([first]);
  issuers.push(issuer);
  uri = await issuer.listen();
  clock = 1_000_000;
  const keys = new KeyRing(uri, () => clock);
  authenticator = new Authenticator({ keys, issuer: ISSUER, audience: AUDIENCE });
});
after(() => Promise.all(issuers.map((each) => each.close())));

const ask = (token: string) => authenticator.callerOf(`Bearer ${token}`);
const refusedAs = (type: string) => (error: unknown) => (error as { type: string }).type === type;
const pass = (ms: number) => {
  clock += ms;
};

test("many requests with one token, all at once, read the keys once", async () => {
  const token = sign(first);
  const callers = await Promise.all(Array.from({ length: 50 }, () => ask(token)));
  assert.equal(new Set(callers).size, 1, "one verification serves all");
  assert.equal(issuer.reads, 1);
});

test("made-up key ids do not flood the issuer", async () => {
  await ask(sign(first));
  pass(6_000);
  for (let i = 0; i < 100; i++)
    await assert.rejects(ask(sign({ ...second, kid: `made-up-${i}` })), refusedAs("UNAUTHORIZED"));
  assert.equal(issuer.reads, 2);
});

test("requests with different tokens, all at once, wait for one reading of the keys", async () => {
  const tokens = Array.from({ length: 50 }, (_, i) => sign(i % 2 ? second : first, { sub: `user-${i}` }));
  issuer.keys = [first, second];
  const callers = await Promise.all(tokens.map(ask));
  assert.equal(new Set(callers.map(({ id }) => id)).size, 50);
  assert.equal(issuer.reads, 1);
});

test("made-up key ids of a whole minute cost the issuer a request in five seconds, and delay nobody's new key", async () => {
  await ask(sign(first));
  for (let s = 0; s < 60; s++) {
    for (let i = 0; i < 5; i++) await assert.rejects(ask(sign({ ...second, kid: `made-up-${s}-${i}` })));
    pass(1_000);
  }
  assert.ok(issuer.reads <= 13, `${issuer.reads} requests in a minute`);
  issuer.keys = [first, second];
  pass(5_000);
  assert.equal((await ask(sign(second))).id, "alice");
});

test("made-up key ids do not make an issuer that is away be asked more often", async () => {
  await ask(sign(first));
  issuer.brokenStatus = 503;
  pass(6_000);
  for (let i = 0; i < 50; i++) {
    await assert.rejects(ask(sign({ ...second, kid: `made-up-${i}` })), refusedAs("SERVICE_UNAVAILABLE"));
  }
  assert.equal(issuer.reads, 2);
  assert.equal((await ask(sign(first, { sub: "bob" }))).id, "bob", "known keys are still good");
});

test("a key that the issuer adds is found as soon as the cool-down is over", async () => {
  await ask(sign(first));
  issuer.keys = [first, second];
  await assert.rejects(ask(sign(second)), refusedAs("UNAUTHORIZED"));
  pass(6_000);
  assert.equal((await ask(sign(second, { sub: "bob" }))).id, "bob");
});

test("a token verified before is refused 60 s after its key was taken away", async () => {
  const token = sign(first);
  await ask(token);
  issuer.keys = [second];
  pass(61_000);
  await assert.rejects(ask(token), refusedAs("UNAUTHORIZED"));
});

test("keys are exchanged without a restart: the new one is good while the old one is, and the old one ends", async () => {
  const old = sign(first);
  assert.equal((await ask(old)).id, "alice");
  issuer.keys = [second, first];
  pass(10_000);
  assert.equal((await ask(sign(second, { sub: "bob" }))).id, "bob");
  assert.equal((await ask(old)).id, "alice");
  issuer.keys = [second];
  pass(31_000);
  // Known keys are still believed, and this look has them read again.
  assert.equal((await ask(old)).id, "alice");
  await until(() => issuer.reads === 3, { what: "the keys to be read again" });
  await until(() => ask(old).then(() => false, refusedAs("UNAUTHORIZED")), { what: "the old key to end" });
  assert.equal((await ask(sign(second, { sub: "carol" }))).id, "carol");
});

test("another key under a known id ends the tokens of the one before", async () => {
  const old = sign(first);
  await ask(old);
  issuer.keys = [{ ...second, kid: first.kid }];
  pass(61_000);
  await assert.rejects(ask(old), refusedAs("UNAUTHORIZED"));
  assert.equal((await ask(sign({ ...second, kid: first.kid }))).id, "alice");
});

test("a token that runs out is refused although it was verified before", async (t) => {
  const token = sign(first, { exp: Math.floor(Date.now() / 1_000) + 30 });
  await ask(token);
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 31_000 });
  await assert.rejects(ask(token), refusedAs("UNAUTHORIZED"));
});

test("an issuer that cannot be reached makes the service unavailable, not the token bad", async () => {
  await issuer.close();
  issuers.pop();
  await assert.rejects(ask(sign(first)), refusedAs("SERVICE_UNAVAILABLE"));
  await assert.rejects(ask(sign(second)), refusedAs("SERVICE_UNAVAILABLE"));
});

test("an issuer that answers with an error is asked again, but not at every request", async () => {
  issuer.brokenStatus = 500;
  for (let i = 0; i < 20; i++) await assert.rejects(ask(sign(first)), refusedAs("SERVICE_UNAVAILABLE"));
  assert.equal(issuer.reads, 1);
  issuer.brokenStatus = undefined;
  pass(1_100);
  assert.equal((await ask(sign(first))).id, "alice");
});

describe("the service is unavailable while the issuer answers", () => {
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
  const answers: Record<string, string> = {
    nothing: "",
    "a web page": "<html>",
    null: "null",
    "a number": "7",
    "no list of keys": "{}",
    "text for keys": JSON.stringify({ keys: "abc" }),
    "an empty list": JSON.stringify({ keys: [] }),
    "keys that are nothing": JSON.stringify({ keys: [null] }),
    "keys that are broken": JSON.stringify({ keys: [{ kty: "RSA", kid: "first", n: "!", e: "!" }] }),
    "only keys of another kind": JSON.stringify({ keys: [{ ...ec, kid: "first" }] }),
    "deep nonsense": `{"keys":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
  };
  for (const [name, garbage] of Object.entries(answers)) {
    test(name, async () => {
      issuer.garbage = garbage;
      await assert.rejects(ask(sign(first)), refusedAs("SERVICE_UNAVAILABLE"));
    });
  }
  test("nothing to its end", async () => {
    issuer.hangs = true;
    const began = performance.now();
    await Promise.all([first, second].map((key) => assert.rejects(ask(sign(key)), refusedAs("SERVICE_UNAVAILABLE"))));
    assert.ok(performance.now() - began < 10_000);
    assert.equal(issuer.reads, 1);
  });
  test("but not for keys of other kinds or broken ones beside a good one", async () => {
    issuer.garbage = JSON.stringify({
      keys: [
        { ...ec, kid: "ec" },
        { kty: "RSA", kid: "broken", n: "!" },
        { kty: "oct", k: "AA", kid: "oct" },
        toJwk(first),
      ],
    });
    assert.equal((await ask(sign(first))).id, "alice");
    await assert.rejects(ask(sign({ ...second, kid: "ec" })), refusedAs("UNAUTHORIZED"));
  });
});

test("while the issuer is away known tokens are good for as long as its keys are trusted", async () => {
  const token = sign(first);
  await ask(token);
  issuer.brokenStatus = 503;
  pass(59_000);
  assert.equal((await ask(token)).id, "alice");
  pass(2_000);
  await assert.rejects(ask(token), refusedAs("SERVICE_UNAVAILABLE"));
});
