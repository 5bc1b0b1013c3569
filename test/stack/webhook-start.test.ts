import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort } from "#stack/ports.ts";
import { runningServers, stackEnvironment } from "#stack/stack.ts";
import { Shop } from "../e2e/support/shop.ts";
import { type Command, startEventix } from "../support/command.ts";
import { freshDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";

/** `PAYMENT_PROVIDER=webhook npm start`, on the servers of the test run but for the stand-in, which it starts by itself. */
const home = mkdtempSync(join(tmpdir(), "eventix-webhook-start-"));
let shop: Shop;
let start: Command;

before(async () => {
  const port = await freePort();
  const env = {
    EVENTIX_HOME: home,
    PAYMENT_PROVIDER: "webhook",
    NAMESPACE: `webhook-${process.pid}`,
    PORT: String(port),
    DATABASE_URL_CATALOG: await freshDatabase("catalog"),
    DATABASE_URL_BOOKING: await freshDatabase("booking"),
    DATABASE_URL_PAYMENT: await freshDatabase("payment"),
  };
  start = startEventix(["start"], { env });
  shop = new Shop(`http://127.0.0.1:${port}`);
  const ready = async () => start.child.exitCode !== null || (await fetch(`${shop.url}/health/ready`)).ok;
  await until(ready, { what: "`npm start` to be ready", ms: 60_000 });
});
after(async () => {
  start.child.kill("SIGTERM");
  await start.finished;
  rmSync(home, { recursive: true, force: true });
});

test("a buyer is sent to the page of the stand-in, and pays by its button", async () => {
  const { id, seatIds } = await shop.putOnSale(1);
  const { id: bookingId } = await shop.hold("alice", id, seatIds);
  const checkoutUrl = await until(async () => (await shop.payment("alice", bookingId)).data?.checkoutUrl, {
    what: "a page to pay at",
  });
  const page = await (await fetch(checkoutUrl)).text();
  const [, action] = /action="([^"]+\/pay)"/.exec(page) ?? [];
  await fetch(new URL(action ?? "", checkoutUrl), { method: "POST", redirect: "manual" });
  assert.equal((await shop.untilEnded("alice", bookingId)).status, "CONFIRMED");
});

test("a node that is added, and the audit, find the same provider", () => {
  const env = stackEnvironment(home, {});
  assert.equal(env.PAYMENT_PROVIDER, "webhook");
  assert.match(env.PAYMENT_API_URL ?? "", /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.ok(env.PAYMENT_API_KEY && env.PAYMENT_WEBHOOK_SECRETS_FILE);
  assert.equal(stackEnvironment(home, { PAYMENT_PROVIDER: "mock" }).PAYMENT_API_URL, undefined);
});

test("Ctrl-C ends the stand-in with all else", async () => {
  assert.deepEqual(runningServers(home), ["provider"]);
  start.child.kill("SIGINT");
  assert.equal((await start.finished).code, 0, start.printed());
  assert.deepEqual(runningServers(home), []);
});
