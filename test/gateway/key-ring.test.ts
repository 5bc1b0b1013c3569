import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { Authenticator } from "../../services/gateway/auth.ts";
import { KeyRing } from "../../services/gateway/key-ring.ts";
import { AUDIENCE, ISSUER, Issuer, makeKey, sign } from "./support/issuer.ts";

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

test("while the issuer is away known tokens are good for as long as its keys are trusted", async () => {
  const token = sign(first);
  await ask(token);
  issuer.brokenStatus = 503;
  pass(59_000);
  assert.equal((await ask(token)).id, "alice");
  pass(2_000);
  await assert.rejects(ask(token), refusedAs("SERVICE_UNAVAILABLE"));
});
