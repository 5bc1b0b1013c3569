import assert from "node:assert/strict";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import { RequestsUnderWay } from "../../services/gateway/requests-under-way.ts";

const LIMIT = 2_000;
const WAITING_OUT_MAX = 10_000;

function crowd(count: number, waitingOut: () => number): RequestsUnderWay {
  const requests = new RequestsUnderWay(waitingOut);
  for (let n = 0; n < count; n++) {
    requests.add(new ServerResponse(new IncomingMessage(new Socket())), () => true);
  }
  return requests;
}

test("requests that only wait for a deadline keep nobody out", () => {
  assert.equal(crowd(LIMIT, () => 0).isFull, true);
  assert.equal(crowd(LIMIT, () => 1).isFull, false);
});

test("but so many that they would fill the memory do", () => {
  assert.equal(crowd(LIMIT + WAITING_OUT_MAX, () => LIMIT + WAITING_OUT_MAX).isFull, true);
});
