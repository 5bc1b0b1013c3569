import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startNode } from "../support/node.ts";
import { newSecret } from "./support/webhook.ts";

const RIGHT = {
  PAYMENT_PROVIDER: "webhook",
  PAYMENT_API_URL: "http://127.0.0.1:1",
  PAYMENT_API_KEY: "key_1",
  PAYMENT_WEBHOOK_SECRETS: newSecret(),
};

describe("a node does not start with the webhook provider half set up, without", () => {
  for (const name of ["PAYMENT_API_URL", "PAYMENT_API_KEY", "PAYMENT_WEBHOOK_SECRETS"]) {
    test(name, () =>
      assert.rejects(startNode({ services: ["payment"], env: { ...RIGHT, [name]: "" } }), /exit code 1/),
    );
  }
});

test("with all of it the node starts, though the provider is away", async () => {
  const node = await startNode({ services: ["payment"], env: RIGHT });
  await node.stop();
  assert.doesNotMatch(node.log(), /"level":"(error|fatal)"/);
});
