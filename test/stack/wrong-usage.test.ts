import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { EXIT, EXIT_CODES } from "../../cli/exit-codes.ts";
import { eventix, type Finished, NO_SERVERS_GIVEN } from "../support/command.ts";

let folder: string;
let help: Finished;
const NO_STACK = /^eventix: No stack is up in .*: npx eventix up, or npm start$/;
const NOT_THERE = "postgres://nobody@127.0.0.1:1/none";
const DATABASES_GONE = Object.fromEntries(
  ["CATALOG", "BOOKING", "PAYMENT"].map((service) => [`DATABASE_URL_${service}`, NOT_THERE]),
);
const ID = "019a0c7e-5b1f-7c3a-9d43-2f1e0a6b8c11";

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "eventix-usage-"));
  writeFileSync(join(folder, "broken.json"), "{");
  help = await eventix(["--help"]);
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** Where no server is up or given, unless `env` says otherwise. */
const run = (args: string[], env: Record<string, string> = {}) =>
  eventix(args, { env: { ...NO_SERVERS_GIVEN, EVENTIX_HOME: join(folder, "home"), EVENTIX_STACK: "native", ...env } });

test("--help lists every command and every exit code", () => {
  assert.equal(help.code, EXIT.done);
  for (const { code, means } of EXIT_CODES)
    assert.match(help.stdout, new RegExp(`^ +${code} +${means.slice(0, 20)}`, "m"));
});

test("an option that no command has is refused by each, with the way to its help", async () => {
  const commands = [...help.stdout.matchAll(/^ {2}([a-z]+)(?: \S+)* {2,}/gm)].map(([, name]) => name as string);
  const names = commands.filter((name) => name !== "help");
  assert.ok(names.length >= 16, names.join());
  const refused = await Promise.all(names.map((name) => run([name, "--nonsense"])));
  for (const [n, { code, stdout, stderr }] of refused.entries()) {
    assert.deepEqual([code, stdout], [EXIT.usage, ""], `${names[n]}: ${stderr}`);
    assert.equal(stderr, `eventix: unknown option '--nonsense'\nHow it is used: npx eventix ${names[n]} --help\n`);
  }
});

type Case = [what: string, args: string[], code: number, says: RegExp, env?: Record<string, string>];
const plan = join(import.meta.dirname, "../../plans/theatre.json");

const CASES: Case[] = [
  ["no command", [], EXIT.usage, /^Usage: eventix/],
  ["a misspelt command", ["strat"], EXIT.usage, /^eventix: unknown command 'strat'\n\(Did you mean start\?\)/],
  ["a word too many", ["down", "now"], EXIT.usage, /too many arguments for 'down'/],
  ["a wrong setting", ["start"], EXIT.usage, /PORT=abc: must be a whole number/, { PORT: "abc" }],
  [
    "a service that is none",
    ["start"],
    EXIT.usage,
    /SERVICES names "bookings".* Known are: /,
    { SERVICES: "bookings" },
  ],
  [
    "half of a server",
    ["up"],
    EXIT.usage,
    /AUTH_JWKS_URI is set, so set AUTH_ISSUER too/,
    { AUTH_JWKS_URI: "http://x" },
  ],
  [
    "a stack of no kind",
    ["up"],
    EXIT.usage,
    /EVENTIX_STACK=podman: write native or docker/,
    { EVENTIX_STACK: "podman" },
  ],
  [
    "a folder that is none",
    ["up"],
    EXIT.failed,
    /\/etc\/passwd\/x .*set EVENTIX_HOME/,
    { EVENTIX_HOME: "/etc/passwd/x" },
  ],
  [
    "no gateway",
    ["cluster", "--gateway", "0"],
    EXIT.usage,
    /--gateway <n>' argument '0' .* whole number from 1 to 20\./,
  ],
  ["fewer than no node", ["cluster", "--booking", "-1"], EXIT.usage, /argument '-1' .* whole number from 1 to 20\./],
  ["nodes by a word", ["cluster", "--payment", "two"], EXIT.usage, /argument 'two' .* whole number from 1 to 20\./],
  ["more nodes than one role may have", ["cluster", "--booking", "21"], EXIT.usage, /argument '21' .* from 1 to 20\./],
  [
    "more nodes than the servers bear",
    ["cluster", "--booking", "18", "--payment", "9"],
    EXIT.usage,
    /These are 29 nodes, and one machine runs at most 20/,
  ],
  ["a node without a stack", ["node"], EXIT.failed, NO_STACK],
  ["migrations without a stack", ["migrate"], EXIT.failed, NO_STACK],
  [
    "a database that is away",
    ["migrate"],
    EXIT.failed,
    /DATABASE_URL_\w+ does not answer \(connect E.*: start it/,
    DATABASES_GONE,
  ],
  ["a token for nobody", ["token"], EXIT.usage, /missing required argument 'name'/],
  ["a token without an issuer", ["token", "alice"], EXIT.failed, /No local issuer has run in .*: npx eventix up/],
  ["no plan", ["import"], EXIT.usage, /missing required argument 'file'/],
  [
    "a plan that is not there",
    ["import", "nope.json"],
    EXIT.usage,
    /There is no file nope\.json: give the path of a plan/,
  ],
  ["a folder for a plan", ["import", "plans"], EXIT.usage, /plans is a folder: give the path of a plan in it/],
  ["a plan that is no JSON", ["import", "FOLDER/broken.json"], EXIT.failed, /broken\.json is not JSON/],
  [
    "an event without its start",
    ["import", plan, "--event", "x"],
    EXIT.usage,
    /An event needs its start: --starts-at 2/,
  ],
  ["no gateway", ["import", plan], EXIT.failed, /No gateway of .* is running: npm start, or name one with --url/],
  ["an address that is none", ["seed", "--url", "nonsense", "--token", "x"], EXIT.usage, /write one like http:\/\/127/],
  [
    "a gateway that is away",
    ["seed", "--url", "http://127.0.0.1:9", "--token", "x"],
    EXIT.failed,
    /npm start runs a gateway/,
  ],
  [
    "an audit without a stack",
    ["audit"],
    EXIT.undecided,
    /could not read everything: No stack is up in .*: npx eventix up/,
  ],
  ["an id that is none", ["booking", "12"], EXIT.usage, /^eventix: An id looks like/],
  ["a cluster that is not there", ["why", ID], EXIT.failed, NO_STACK],
  ["a scope that is none", ["repl", "--scope", "all"], EXIT.usage, /Scopes are /],
];

describe("one sentence says what to do, and the exit code which kind it is, for", { concurrency: 3 }, () => {
  for (const [what, args, code, says, env] of CASES) {
    test(what, async () => {
      const finished = await run(
        args.map((word) => word.replace("FOLDER", folder)),
        env,
      );
      assert.match(finished.stderr.trimEnd(), says);
      assert.doesNotMatch(finished.stderr, /^ +at .*:\d+|node:internal/m);
      assert.deepEqual([finished.code, finished.stdout], [code, ""]);
    });
  }
});
