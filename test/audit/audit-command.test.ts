import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { promisify } from "node:util";
import { catchUp, makeWorld, type World } from "./support/world.ts";

let world: World;
before(catchUp);
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.close());

describe("eventix audit", () => {
  const run = promisify(execFile);
  const eventixAudit = (env: Record<string, string>, ...options: string[]) =>
    run(process.execPath, ["cli/eventix.ts", "audit", ...options], { env: { ...process.env, ...env } }).then(
      ({ stdout }) => ({ code: 0, stdout, stderr: "" }),
      ({ code, stdout, stderr }) => ({ code: code as number, stdout: stdout as string, stderr: stderr as string }),
    );
  const ours = () => ({ DATABASE_URL_BOOKING: world.urls.bookingUrl, DATABASE_URL_PAYMENT: world.urls.paymentUrl });

  test("exits with 0 and a line for each invariant when all holds", async () => {
    await world.confirmed();
    const { code, stdout } = await eventixAudit(ours());
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^I1 {3}ok .*: 2 active seats, 0 violations$/m);
  });

  test("exits with 1 and tells a program what is wrong", async () => {
    const { captureId } = await world.confirmed();
    await world.payment.query("update captures set amount_minor = 1 where id = $1", [captureId]);
    const { code, stdout } = await eventixAudit(ours(), "--json");
    assert.equal(code, 1);
    const report = JSON.parse(stdout);
    assert.equal(report.exitCode, 1);
    assert.ok(report.I3.wrong > 0);
    assert.match(report.I3.violations[0].subject, new RegExp(captureId));
  });

  test("exits with 2 when a database cannot be read", async () => {
    const { code, stdout, stderr } = await eventixAudit({
      ...ours(),
      DATABASE_URL_PAYMENT: "postgres://x@127.0.0.1:1/x",
    });
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /could not read everything/);
  });
});
