import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { EventResponse, SeatMap } from "#contracts/catalog.ts";
import { freePort } from "#stack/ports.ts";
import { silent } from "#stack/progress.ts";
import { stackDown } from "#stack/stack.ts";
import { Shop } from "../e2e/support/shop.ts";
import { type Command, eventix, NO_SERVERS_GIVEN, startEventix } from "../support/command.ts";
import { until } from "../support/until.ts";
import { type Block, lackingIn, linesOf, PAGES, ROOT, textOf } from "./support/pages.ts";

/** Commands in prose and tables that are run here, once the system is started. */
const RUN_HERE = [
  "npx eventix env",
  "curl http://127.0.0.1:3000/health",
  `psql "$(npx eventix env | sed -n 's/^DATABASE_URL_BOOKING=//p')"`,
  "npm test -- test/booking/transitions.test.ts",
];

/** Those that another test runs, by the file of it; the file is checked to name their words. */
const RUN_ELSEWHERE: Record<string, string> = {
  "npm start": "test/stack/start.test.ts",
  "npx eventix start": "test/stack/start.test.ts",
  "npx eventix cluster": "test/cluster/cluster.test.ts",
  "npm run cluster": "test/cluster/cluster.test.ts",
  "npx eventix up": "test/stack/owner.test.ts",
  "npx eventix down": "test/stack/settings.test.ts",
  "npx eventix migrate": "test/stack/settings.test.ts",
  "npx eventix event ID": "test/inspect/repl.test.ts",
  "npx eventix lag": "test/inspect/commands.test.ts",
  "npx eventix dlq list [TOPIC]": "test/dlq/letters.test.ts",
  "npx eventix dlq list": "test/dlq/letters.test.ts",
  "npx eventix dlq show TOPIC PLACE": "test/dlq/repair.test.ts",
  "npx eventix dlq retry TOPIC PLACE": "test/dlq/repair.test.ts",
  "npx eventix dlq retry --all --reason TEXT --dry-run": "test/dlq/repair.test.ts",
  "npx eventix outbox [--watch] [--json]": "test/outbox/outbox.test.ts",
  "npx eventix outbox": "test/outbox/outbox.test.ts",
  "npx eventix doctor": "test/stack/doctor.test.ts",
  "npx eventix audit": "test/audit/audit-command.test.ts",
  "npx eventix tap --topic payment.success.dlq --from-beginning": "test/tap/tap.test.ts",
  "npm run repl": "test/inspect/repl.test.ts",
  "npm run -s test:faults": ".ci/run",
  "npm run -s test:mutations": "test/mutations/run.ts",
  "npm run bench": "test/bench/command.test.ts",
  "npm run schema": "test/migrations/schema.test.ts",
  "npm run docs": "test/docs/generated.test.ts",
  "npm test": ".ci/run",
};

let home: string;
let port: number;
let start: Command;
const stop = new AbortController();
let selling: Promise<void>;

before(async () => {
  home = mkdtempSync(join(tmpdir(), "eventix-docs-"));
  port = await freePort();
  start = startEventix(["start"], {
    env: { ...NO_SERVERS_GIVEN, EVENTIX_HOME: home, PORT: String(port), LOG_LEVEL: "warn" },
  });
  const shown = () => start.printed().includes("Eventix is ready") || start.child.exitCode !== null;
  await until(shown, { what: "`npm start` to be ready", ms: 90_000 });
  selling = sell();
});

after(async () => {
  stop.abort();
  await selling;
  start.child.kill("SIGINT");
  await start.finished;
  await stackDown({ home, say: silent, volumes: true });
  rmSync(home, { recursive: true, force: true });
});

const INLINE = [...new Set(PAGES.flatMap(({ inline }) => inline))];
const runBlocks = PAGES.flatMap(({ blocks }) => blocks).filter(({ how }) => !how?.match(/^(run by|not run)/));

for (const { page, blocks } of PAGES.filter(({ blocks }) => blocks.length > 0)) {
  test(`every command of ${page} does what it should`, async () => {
    const script = blocks.map(scriptOf).filter((part) => part !== "");
    const { code, output } = await bash([PREAMBLE, ...script].join("\n"));
    assert.equal(code, 0, output);
  });

  test(`what ${page} says to be run elsewhere is`, () => {
    for (const block of blocks) {
      if (block.how === "run by") assert.deepEqual(lackingElsewhere(block), [], block.detail);
      if (block.how === "not run here:") assert.match(block.detail, /\w+ \w+/, `say why: ${block.commands}`);
    }
  });
}

for (const command of INLINE) {
  const elsewhere = RUN_ELSEWHERE[command];
  if (RUN_HERE.includes(command)) {
    test(`\`${command}\` does what it should`, async () => {
      const { code, output } = await bash(`${PREAMBLE}\n${here(command)}`);
      assert.equal(code, 0, output);
    });
  } else if (elsewhere !== undefined) {
    test(`\`${command}\` is run by ${elsewhere}`, () => assert.deepEqual(lackingIn(textOf(elsewhere), command), []));
  } else {
    test(`\`${command}\` is among the commands that are run`, () => {
      const isRun = runBlocks.some((block) => linesOf(block).some((line) => lackingIn(line, command).length === 0));
      assert(isRun, "write it into a block, or name here the test that runs it");
    });
  }
}

test("no command sends an idempotency key of its own text: run again, it would get the answer of the first time", () => {
  for (const { commands } of PAGES.flatMap(({ blocks }) => blocks))
    for (const [, key = ""] of commands.matchAll(/idempotency-key: *([^'"]*)/gi)) assert.match(key, /^\$/);
});

test("no command is listed here that no page names any more", () => {
  const listed = [...RUN_HERE, ...Object.keys(RUN_ELSEWHERE)];
  assert.deepEqual(
    listed.filter((command) => !INLINE.includes(command)),
    [],
  );
});

/** A refusal by the API counts as a failed command, as a reader would see it; so does what never shows that it works. */
const PREAMBLE = `
set -euo pipefail
curl() { command curl --fail-with-body "$@"; }
# Not everybody has it.
psql() { node -e 'new (require("pg").Client)(process.argv[1]).connect().then(() => process.exit())' "$1"; }
untilCtrlC() {
  local shown=$1 code=0 printed runner
  shift
  printed=$(mktemp)
  timeout --foreground --signal=INT --kill-after=20 60 "$@" >"$printed" 2>&1 &
  runner=$!
  until grep -q -e "$shown" "$printed"; do
    if ! kill -0 $runner; then cat "$printed"; return 1; fi
    sleep 0.2
  done
  kill -INT $runner
  wait $runner || code=$?
  rm "$printed"
  [ $code -eq 0 ] || [ $code -eq 130 ] || return $code
}`;

const here = (commands: string) => commands.replaceAll("127.0.0.1:3000", `127.0.0.1:${port}`);

function scriptOf(block: Block): string {
  if (block.how === undefined) return here(block.commands);
  if (block.how !== "runs until Ctrl-C and shows") return "";
  return linesOf(block)
    .map((line) => `untilCtrlC '${block.detail}' env ${here(line)}`)
    .join("\n");
}

/** The words of commands that none of the files has which are said to run them; a file that takes the block itself has all. */
function lackingElsewhere(block: Block): string[] {
  const files = block.detail.split(" and ").map(textOf).join("\n");
  const takesIt = files.includes(`<!-- run by ${block.detail} -->`);
  return takesIt ? [] : linesOf(block).flatMap((line) => lackingIn(files, line));
}

async function bash(script: string): Promise<{ code: number | null; output: string }> {
  // By its context a runner in a runner would know that it is in one, and run nothing.
  const env = { ...process.env, ...NO_SERVERS_GIVEN, NODE_TEST_CONTEXT: undefined, EVENTIX_HOME: home };
  const child = spawn("bash", ["-x", "-c", script], { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: code as number | null, output: `${stderr}\n${stdout}`.slice(-4_000) };
}

/** Holds a seat now and then, so that whoever waits for facts sees some. */
async function sell(): Promise<void> {
  const shop = new Shop(`http://127.0.0.1:${port}`);
  const { stdout } = await eventix(["token", "somebody"], { env: { ...NO_SERVERS_GIVEN, EVENTIX_HOME: home } });
  const events = (await shop.call<EventResponse[]>("GET", "/api/events")).data;
  const eventId = events.find(({ name }) => name === "The Tempest (preview)")?.id ?? "";
  const { zones } = (await shop.call<SeatMap>("GET", `/api/events/${eventId}/seats`)).data;
  // The last one is what readers are told to take.
  for (const { id } of zones.flatMap(({ rows }) => rows.flatMap(({ seats }) => seats)).slice(0, -1)) {
    if (stop.signal.aborted) return;
    await shop.call("POST", "/api/bookings", { token: stdout.trim(), body: { eventId, seatIds: [id] } });
    await sleep(1_000, undefined, { signal: stop.signal }).catch(() => {});
  }
}
