import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ServiceBroker } from "moleculer";
import { EventixError, errorCodeOf } from "#contracts/errors.ts";
import { Cluster, type Definition, failureOf, untilServed } from "./support/cluster.ts";

const wrong: Definition = {
  name: "wrong",
  actions: {
    refuse: {
      access: "anyone",
      handler: () => {
        throw new EventixError("SERVICE_UNAVAILABLE", { seatId: "s1" });
      },
    },
    break: {
      access: "anyone",
      handler: () => {
        throw new TypeError("a bug");
      },
    },
  },
};

const cluster = new Cluster();
let caller: ServiceBroker;

before(async () => {
  caller = await cluster.start("caller");
  await cluster.start("worker", { services: [wrong] });
  await untilServed(caller, "wrong.refuse", ["worker"]);
});
after(() => cluster.stop());

test("a refusal keeps type, code, data and retryable on its way to another node", async () => {
  const error = await failureOf(caller.call("wrong.refuse"));
  assert.equal(error.type, "SERVICE_UNAVAILABLE");
  assert.equal(error.code, 503);
  assert.deepEqual(error.data, { seatId: "s1" });
  assert.equal(error.retryable, true);
  assert.equal(errorCodeOf(error), "SERVICE_UNAVAILABLE");
});

test("an unknown error has no code of ours on another node", async () => {
  const error = await failureOf(caller.call("wrong.break"));
  assert.equal(errorCodeOf(error), "INTERNAL_ERROR");
  assert.notEqual(error.retryable, true);
});
