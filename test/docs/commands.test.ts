import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { freePort } from "#stack/ports.ts";
import { silent } from "#stack/progress.ts";
import { stackDown } from "#stack/stack.ts";
import { type Command, NO_SERVERS_GIVEN, startEventix } from "../support/command.ts";
import { until } from "../support/until.ts";

/**
 * A comment before a block of commands says how it is run, where it is not simply run on a started system:
 * `<!-- run by FILE -->`, `<!-- runs until Ctrl-C -->`, `<!-- not run here: REASON -->`.
 */
const BLOCK = /(?:<!-- (run by|runs until Ctrl-C|not run here:) ?(.*?) -->\n)?```sh\n([\s\S]*?)```/g;

interface Block {
  how: string | undefined;
  detail: string;
  commands: string;
}

const root = join(import.meta.dirname, "../..");
const pages = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "README.md", "docs/*.md"], { cwd: root })
  .toString()
  .trim()
  .split("\n")
  .map((page) => ({ page, blocks: blocksOf(readFileSync(join(root, page), "utf8")) }))
  .filter(({ blocks }) => blocks.length > 0);

let home: string;
let port: number;
let start: Command;

before(async () => {
  home = mkdtempSync(join(tmpdir(), "eventix-docs-"));
  port = await freePort();
  start = startEventix(["start"], {
    env: { ...NO_SERVERS_GIVEN, EVENTIX_HOME: home, PORT: String(port), LOG_LEVEL: "warn" },
  });
  const shown = () => start.printed().includes("Eventix is ready") || start.child.exitCode !== null;
  await until(shown, { what: "`npm start` to be ready", ms: 90_000 });
});

after(async () => {
  start.child.kill("SIGINT");
  await start.finished;
  await stackDown({ home, say: silent, volumes: true });
  rmSync(home, { recursive: true, force: true });
});

for (const { page, blocks } of pages) {
  test(`every command of ${page} does what it should`, async () => {
    const script = blocks.map(scriptOf).filter((part) => part !== "");
    const { code, output } = await bash([PREAMBLE, ...script].join("\n"));
    assert.equal(code, 0, output);
  });

  test(`what ${page} says to be run elsewhere is`, () => {
    for (const { how, detail, commands } of blocks) {
      if (how === "run by") assert.doesNotThrow(() => readFileSync(join(root, detail)), `${detail}: ${commands}`);
      if (how === "not run here:") assert.match(detail, /\w+ \w+/, `say why it is not run: ${commands}`);
    }
  });
}

/** A refusal by the API counts as a failed command, as a reader would see it. */
const PREAMBLE = `
set -euo pipefail
curl() { command curl --fail-with-body "$@"; }
untilCtrlC() { local code=0; timeout --foreground --signal=INT --kill-after=20 6 "$@" || code=$?; [ $code -eq 124 ] || return $code; }`;

function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(BLOCK)].map(([, how, detail = "", commands = ""]) => ({ how, detail, commands }));
}

function scriptOf({ how, commands }: Block): string {
  const here = commands.replaceAll("127.0.0.1:3000", `127.0.0.1:${port}`);
  if (how === undefined) return `${here}`;
  if (how !== "runs until Ctrl-C") return "";
  const lines = here.split("\n").filter((line) => line !== "");
  return lines.map((line) => (line.startsWith("#") ? line : `untilCtrlC env ${line}`)).join("\n");
}

async function bash(script: string): Promise<{ code: number | null; output: string }> {
  const env = { ...process.env, ...NO_SERVERS_GIVEN, EVENTIX_HOME: home };
  const child = spawn("bash", ["-x", "-c", script], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: code as number | null, output: `${stderr}\n${stdout}`.slice(-4_000) };
}
