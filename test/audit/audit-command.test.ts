import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { afterEach, before, beforeEach, describe, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { type Command, startEventix } from "../support/command.ts";
import { until } from "../support/until.ts";
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

  /** Ends with the test, however that ends. */
  function watching(context: TestContext, args: string[], env: Record<string, string>): Command {
    const watch = startEventix(["audit", "--watch", ...args], { env });
    context.after(() => watch.child.kill("SIGKILL"));
    return watch;
  }
  const shows = (watch: Command, what: RegExp) =>
    until(() => what.test(watch.printed()), { what: `the watch to show ${what}`, ms: 30_000 });

  test("--watch tells what changes, ends by Ctrl-C, and with 1 once something was violated", async (context) => {
    const { captureId } = await world.confirmed();
    const watch = watching(context, ["1s", "--settle", "1s"], ours());
    await shows(
      watch,
      /^\d\d:\d\d:\d\dZ {2}\d+ bookings, 2 active seats and 1 captures were looked at, and all holds; /m,
    );
    await world.payment.query("update captures set amount_minor = 1 where id = $1", [captureId]);
    await shows(watch, new RegExp(`^\\S+ {2}violated {3}I3 {3}.*${captureId}`, "m"));
    await world.payment.query("update captures set amount_minor = 5000 where id = $1", [captureId]);
    await shows(watch, new RegExp(`^\\S+ {2}settled {4}I3 {3}.*${captureId}`, "m"));
    watch.child.kill("SIGINT");
    const { code, stdout, stderr } = await watch.finished;
    assert.deepEqual([code, stderr], [1, ""]);
    assert.equal(stdout.match(/ violated +I3 /g)?.length, stdout.match(/ settled +I3 /g)?.length, "each is told once");
  });

  test("--watch --json prints a line for programs, and ends with 0 when all held", async (context) => {
    await world.confirmed();
    const watch = watching(context, ["--json"], ours());
    await shows(watch, /\n/);
    watch.child.kill("SIGTERM");
    const { code, stdout } = await watch.finished;
    assert.equal(code, 0);
    const { time, ...line } = JSON.parse(stdout);
    assert.deepEqual(line, { change: "watching", exitCode: 0 });
    assert.match(time, /^\d{4}-/);
  });

  test("--watch waits for a server that is away, and ends with 2 if it does not come", async (context) => {
    const away = { ...ours(), DATABASE_URL_PAYMENT: "postgres://x@127.0.0.1:1/x" };
    const watch = watching(context, ["1s"], away);
    await shows(watch, /not everything can be read, trying until it can: /);
    watch.child.kill("SIGINT");
    const { code, stdout } = await watch.finished;
    assert.deepEqual([code, stdout.trim().split("\n").length], [2, 1]);
  });
});
