import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { NodeProcess } from "#stack/node-process.ts";
import { freePort } from "#stack/ports.ts";
import { connected } from "#stack/postgres/databases.ts";
import { Shop } from "../e2e/support/shop.ts";
import { adminUrl, freshDatabase } from "../support/database.ts";
import { tokenFor } from "../support/token.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "eventix-secrets-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A node that logs all it can, with its log in a file. */
function run(name: string, env: Record<string, string | undefined>) {
  const file = join(folder, name);
  const output = openSync(file, "a");
  const node = new NodeProcess({
    output,
    env: { ...process.env, NAMESPACE: `test-${process.pid}`, NODE_ID: name, LOG_LEVEL: "trace", ...env },
  });
  closeSync(output);
  return { node, log: () => readFileSync(file, "utf8") };
}

const withPassword = (url: string | undefined, password: string): string => {
  const changed = new URL(String(url));
  changed.password = password;
  return String(changed);
};
const passwordOf = (url: string | undefined): string => decodeURIComponent(new URL(String(url)).password);

/** All that is told to nodes here and is nobody's business. */
const PERSON = { name: "Alice Liddell", email: "alice.liddell@wonderland.example" };
const WRONG = "wr0ng-pa55word";

test("the log of a whole run, at its loudest, holds no password, token, cookie, name or e-mail address", async () => {
  const catalog = await freshDatabase("catalog");
  const port = await freePort();
  const { node, log } = run("loud", {
    PORT: String(port),
    DATABASE_URL_CATALOG: catalog,
    REDIS_URL: withPassword(process.env.REDIS_URL, "redis-pa55word"),
    PAYMENT_SUCCESS_RATE: "1",
    PAYMENT_DELAY_MS: "0",
  });
  const mistaken = run("mistaken", {
    SERVICES: "booking",
    DATABASE_URL_BOOKING: withPassword(process.env.DATABASE_URL_BOOKING, WRONG),
  });
  assert.equal(await mistaken.node.ended, "exit code 1");
  assert.ok(mistaken.log().includes("password authentication failed"));

  await node.ready();
  after(() => node.stop(10_000));
  const url = `http://127.0.0.1:${port}`;
  const shop = new Shop(url);
  await until(async () => (await fetch(`${url}/health/ready`)).ok, { what: "the node to be ready" });
  const token = tokenFor("buyer-4711");
  const organizer = tokenFor("organizer", { scopes: ["catalog:write"] });
  const { id, seatIds } = await shop.putOnSale(1);
  const booking = await shop.hold("buyer-4711", id, seatIds);
  await shop.untilEnded("buyer-4711", booking.id);

  // What a database refuses it repeats, values and all.
  await connected(adminUrl(new URL(catalog).pathname.slice(1)), (admin) =>
    admin.query(`alter table events add constraint no_alice check (name <> '${PERSON.name}')`),
  );
  const bearer = { authorization: `Bearer ${token}` };
  const json = { "content-type": "application/json" };
  const ask = async (path: string, init: RequestInit) => (await fetch(url + path, init)).status;
  const event = { startsAt: "2035-05-01T19:30:00Z", currency: "EUR", prices: { Stalls: 1 } };
  const { data } = await shop.call<{ id: string; venue: { id: string } }>("GET", `/api/events/${id}`);
  const statuses = [
    await ask(`/api/bookings/my?access_token=${token}`, { headers: bearer }),
    await ask("/api/bookings/my?token=query-hunter2&password=query-hunter3", { headers: bearer }),
    await ask("/api/bookings/my", { headers: { authorization: `Bearer ${token.slice(0, -4)}AAAA` } }),
    // Some issuers name their users by their addresses.
    await ask("/api/bookings/my", { headers: { authorization: `Bearer ${tokenFor(PERSON.email)}` } }),
    await ask("/api/bookings/my", { headers: { authorization: "Basic YWxpY2U6YmFzaWMtaHVudGVy" } }),
    await ask("/api/events", { headers: { ...bearer, cookie: "session=cookie-hunter2" } }),
    await ask("/api/bookings", { method: "POST", headers: { ...bearer, ...json }, body: JSON.stringify(PERSON) }),
    await ask("/api/bookings", {
      method: "POST",
      headers: { ...bearer, ...json },
      body: `{"email": "${PERSON.email}"`,
    }),
    await ask(`/api/${PERSON.email}/${token}`, {}),
    await ask("/api/events", {
      method: "POST",
      headers: { authorization: `Bearer ${organizer}`, ...json },
      body: JSON.stringify({ ...event, venueId: data.venue.id, name: PERSON.name }),
    }),
  ];
  assert.deepEqual(statuses, [422, 422, 401, 200, 401, 200, 422, 422, 404, 500]);
  await node.stop(10_000);

  const all = log() + mistaken.log();
  assert.ok(all.includes("no_alice"), "the refusal of the database is in the log");
  assert.ok(all.includes('"level":"debug"'));
  const databases = ["CATALOG", "BOOKING", "PAYMENT"].map((name) => passwordOf(process.env[`DATABASE_URL_${name}`]));
  const tokens = [token, organizer].flatMap((jwt) => [jwt, ...jwt.split(".").slice(1)]);
  const secrets = [
    ...databases,
    ...tokens,
    ...Object.values(PERSON),
    ...[WRONG, "redis-pa55word", "YWxpY2U6YmFzaWMtaHVudGVy", "hunter"],
  ];
  for (const secret of secrets) {
    assert.ok(secret.length > 3);
    const at = all.indexOf(secret);
    assert.equal(at, -1, `…${all.slice(Math.max(0, at - 300), at + 100)}…`);
  }
});
