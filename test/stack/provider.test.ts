import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFileSync, readFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { after, afterEach, beforeEach, describe, test } from "node:test";
import { Ledger } from "#stack/provider/ledger.ts";
import { checkSignature } from "../../services/payment/webhook-signature.ts";
import { newSecret, runStandIn } from "../payment/support/webhook.ts";
import { until } from "../support/until.ts";

type Told = { headers: IncomingHttpHeaders; body: Buffer };

/** Takes events as a gateway would, and answers with what it is told to; 200 afterwards. */
async function listen() {
  const told: Told[] = [];
  const answers: number[] = [];
  const server = createServer(async (req, res) => {
    told.push({ headers: req.headers, body: await buffer(req) });
    res.writeHead(answers.shift() ?? 200).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { told, answers, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events` };
}

const listener = await listen();
after(() => listener.server.close());

const secrets = [newSecret(), newSecret()];
let target: string | undefined;
let standIn: Awaited<ReturnType<typeof runStandIn>>;
beforeEach(async () => {
  target = listener.url;
  listener.told.length = 0;
  listener.answers.length = 0;
  standIn = await runStandIn(secrets, () => target);
});
afterEach(() => standIn.close());

const CHARGE = {
  key: "k:1",
  amountMinor: 4_250,
  currency: "EUR",
  bookingId: "b-1",
  expiresAt: "2035-05-01T19:30:00.000Z",
};

interface Shown {
  state: string;
  providerRef: string;
  checkoutUrl: string;
  refunds: number;
  refundedMinor: number;
}

async function api(
  method: string,
  path: string,
  body?: object,
  key = standIn.apiKey,
): Promise<{ status: number; json: Shown & { charges: Shown[] } }> {
  const response = await fetch(standIn.url + path, {
    method,
    headers: { authorization: `Bearer ${key}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === "" ? undefined : JSON.parse(text) };
}
const open = async (change = {}) => (await api("POST", "/charges", { ...CHARGE, ...change })).json;
const press = (checkoutUrl: string, deed: "pay" | "decline") =>
  fetch(`${checkoutUrl}/${deed}`, { method: "POST", redirect: "manual" });
const bodyOf = ({ body }: Told) => JSON.parse(body.toString());

function check({ headers, body }: Told, secret: string): void {
  const [id, timestamp] = [String(headers["webhook-id"]), String(headers["webhook-timestamp"])];
  checkSignature({ id, timestamp, body }, String(headers["webhook-signature"]), [secret]);
}

describe("the page", () => {
  test("shows the amount with its buttons, loads nothing, and says what became of the charge", async () => {
    const { checkoutUrl } = await open();
    const response = await fetch(checkoutUrl);
    assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    const page = await response.text();
    assert.match(page, /€42\.50/);
    assert.match(page, /<button>Pay<\/button>[\s\S]*<button>Decline<\/button>/);
    assert.equal((await press(checkoutUrl, "pay")).status, 303);
    const paid = await (await fetch(checkoutUrl)).text();
    assert.match(paid, /Paid\./);
    assert.doesNotMatch(paid, /<button>/);
  });

  test("shows currencies without cents as such, and markup as text", async () => {
    const { checkoutUrl } = await open({ currency: "JPY", bookingId: "<script>alert(1)</script>" });
    const page = await (await fetch(checkoutUrl)).text();
    assert.match(page, /¥4,250/);
    assert.doesNotMatch(page, /<script>/);
  });

  test("takes a charge once: what is over stays as it is", async () => {
    const { checkoutUrl } = await open();
    await press(checkoutUrl, "decline");
    await press(checkoutUrl, "pay");
    assert.equal((await api("GET", "/charges/k%3A1")).json.state, "DECLINED");
    assert.equal((await fetch(`${checkoutUrl}/pay`)).status, 405);
    assert.equal((await fetch(`${standIn.url}/pay/ch_00000000-0000-0000-0000-000000000000`)).status, 404);
  });

  test("is not shown under a name that somebody else points at this machine", async () => {
    const { checkoutUrl } = await open();
    const status = await new Promise((done, failed) => {
      request(checkoutUrl, { headers: { host: "evil.test" } }, (res) => done(res.resume().statusCode))
        .on("error", failed)
        .end();
    });
    assert.equal(status, 403);
  });
});

describe("an event", () => {
  test("is signed with every secret there is, and tells what was taken", async () => {
    const { checkoutUrl, providerRef } = await open();
    await press(checkoutUrl, "pay");
    const told = await until(() => listener.told[0], { what: "an event" });
    for (const secret of secrets) check(told, secret);
    const { type, data } = bodyOf(told);
    assert.equal(type, "charge.succeeded");
    assert.deepEqual(data, { key: "k:1", providerRef, amountMinor: 4_250, currency: "EUR" });
  });

  test("is sent again until it is answered 2xx, under its id and signed anew, and then no more", async () => {
    listener.answers.push(500, 302, 404);
    const { checkoutUrl } = await open();
    await press(checkoutUrl, "decline");
    await until(() => standIn.ledger.find("k:1")?.event?.delivered, { what: "the event to be taken" });
    assert.equal(listener.told.length, 4);
    assert.equal(new Set(listener.told.map(({ headers }) => headers["webhook-id"])).size, 1);
    for (const told of listener.told) check(told, secrets[0] as string);
    assert.deepEqual(
      [bodyOf(listener.told[0] as Told).type, bodyOf(listener.told[0] as Told).data.reason],
      ["charge.failed", "CARD_DECLINED"],
    );
  });

  test("that nobody was there to take is sent when somebody is", async () => {
    target = undefined;
    const { checkoutUrl } = await open();
    await press(checkoutUrl, "pay");
    target = listener.url;
    await until(() => standIn.ledger.find("k:1")?.event?.delivered, { what: "the event to be taken" });
    assert.equal(listener.told.length, 1);
  });
});

describe("the API", () => {
  test("knows one charge by one key, and stops it once it is asked to", async () => {
    const first = await open();
    assert.equal((await open()).providerRef, first.providerRef);
    assert.equal((await api("POST", "/charges/k%3A1/stop", CHARGE)).json.state, "STOPPED");
    await press(first.checkoutUrl, "pay");
    assert.equal((await open()).state, "STOPPED");
    assert.deepEqual(listener.told, []);
  });

  test("stops what it never heard of, for good", async () => {
    assert.equal((await api("GET", "/charges/k%3A1")).status, 404);
    assert.equal((await api("POST", "/charges/k%3A1/stop", CHARGE)).json.state, "STOPPED");
    assert.equal((await open()).state, "STOPPED");
  });

  test("gives back once and whole, what was taken and nothing else", async () => {
    const { checkoutUrl, providerRef } = await open();
    const refund = { key: "c:refund", providerRef, amountMinor: 4_250, currency: "EUR" };
    assert.equal((await api("POST", "/refunds", refund)).status, 409);
    await press(checkoutUrl, "pay");
    for (const wrong of [{ amountMinor: 4_251 }, { currency: "CHF" }, { providerRef: "ch_other" }]) {
      assert.equal((await api("POST", "/refunds", { ...refund, ...wrong })).status, 409);
    }
    assert.equal((await api("POST", "/refunds", refund)).status, 200);
    assert.equal((await api("POST", "/refunds", refund)).status, 200);
    assert.equal((await api("POST", "/refunds", { ...refund, key: "other:refund" })).status, 409);
    const { json } = await api("GET", `/charges?ref=${providerRef}`);
    assert.deepEqual([json.charges[0]?.refunds, json.charges[0]?.refundedMinor], [1, 4_250]);
  });

  test("answers nobody without its key, and no body that is not right or too large", async () => {
    assert.equal((await api("GET", "/charges", undefined, "wrong")).status, 401);
    assert.equal((await api("POST", "/charges", { ...CHARGE, amountMinor: -1 })).status, 422);
    assert.equal((await api("POST", "/charges", { ...CHARGE, bookingId: "x".repeat(20_000) })).status, 422);
    assert.equal((await api("POST", "/charges/other/stop", CHARGE)).status, 422);
    assert.equal((await api("DELETE", "/charges")).status, 404);
  });
});

test("the ledger is as it was after the process was killed in the middle of a line", async () => {
  const { checkoutUrl } = await open();
  await press(checkoutUrl, "pay");
  await open({ key: "k:2" });
  await until(() => standIn.ledger.find("k:1")?.event?.delivered, { what: "the event to be taken" });
  const before = readFileSync(standIn.file, "utf8");
  const copy = `${standIn.file}.copy`;
  appendFileSync(copy, `${before}{"key":"k:3","sta`);
  const ledger = new Ledger(copy);
  assert.deepEqual(
    ["k:1", "k:2", "k:3"].map((key) => ledger.find(key)?.state),
    ["TAKEN", "PENDING", undefined],
  );
  assert.deepEqual(ledger.find("k:1"), standIn.ledger.find("k:1"));
  assert.equal(readFileSync(copy, "utf8").trim().split("\n").length, 2);
  ledger.close();
});
