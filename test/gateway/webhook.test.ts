import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EventixError } from "#contracts/errors.ts";
import { RECEIVE_EVENT, type ReceiveEvent } from "#contracts/payment-event.ts";
import { type GatewayUnderTest, startGateway } from "./support/gateway.ts";

/** What the action was called with; it takes what is signed `good`. */
const received: ReceiveEvent[] = [];
let gateway: GatewayUnderTest;
before(async () => {
  const receiveEvent = {
    access: "signed",
    params: RECEIVE_EVENT,
    handler({ params }: { params: ReceiveEvent }) {
      if (params["webhook-signature"] !== "good") throw new EventixError("SIGNATURE_INVALID");
      received.push(params);
      return { id: params["webhook-id"] };
    },
  };
  gateway = await startGateway({ payment: { receiveEvent } } as never, { ADDRESS_RATE_LIMIT_PER_MINUTE: "5" });
});
after(() => gateway.stop());

const post = (body: Uint8Array, headers: Record<string, string> = {}) =>
  gateway.fetch("/webhooks/payments", {
    method: "POST",
    body: new Uint8Array(body),
    headers: {
      "content-type": "application/json",
      "webhook-id": "evt_1",
      "webhook-timestamp": "1819900800",
      "webhook-signature": "good",
      ...headers,
    },
  });
const codeOf = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code;

test("the action gets every byte of the body as it was sent, and the headers that sign it", async () => {
  const bodies = [
    '{"a" : 1 }\n',
    "\ufeff{}",
    Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    "[".repeat(60_000),
    "",
  ].map((body) => Buffer.from(body as string));
  for (const body of bodies) {
    received.length = 0;
    const response = await post(body);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { success: true, data: { id: "evt_1" } });
    assert.deepEqual(received, [
      {
        "webhook-id": "evt_1",
        "webhook-timestamp": "1819900800",
        "webhook-signature": "good",
        payload: body.toString("base64"),
      },
    ]);
  }
});

test("a body that is packed is refused: other bytes than those that were sent would be looked at", async () => {
  const response = await post(Buffer.from("{}"), { "content-encoding": "gzip" });
  assert.deepEqual([response.status, await codeOf(response)], [415, "UNSUPPORTED_MEDIA_TYPE"]);
});

test("what is signed well is not counted, however much it is; what is not is, for its address", async () => {
  for (let i = 0; i < 20; i++) assert.equal((await post(Buffer.from("{}"))).status, 200);
  const answers = [];
  for (let i = 0; i < 6; i++) answers.push((await post(Buffer.from("{}"), { "webhook-signature": "bad" })).status);
  assert.deepEqual(answers, [403, 403, 403, 403, 403, 429]);
  const later = await post(Buffer.from("{}"));
  assert.deepEqual([later.status, await codeOf(later)], [429, "RATE_LIMITED"]);
  assert.ok(Number(later.headers.get("retry-after")) > 0);
});
