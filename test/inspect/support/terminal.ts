import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { until } from "../../support/until.ts";

export interface Terminal {
  /** All that was shown so far, without colours and movements of the cursor. */
  shown(): string;
  /** Waits for what is shown from now on, or since the last wait. */
  untilShown(what: RegExp | string): Promise<string>;
  type(keys: string): void;
  /** Types a line and waits until the prompt is there again; returns what came between. */
  enter(line: string): Promise<string>;
  close(): void;
  exited: Promise<number | null>;
}

export const PROMPT = "eventix $ ";
export const TAB = "\t";
export const CTRL_C = "\x03";
export const CTRL_D = "\x04";

/** Runs a command in a pseudo-terminal of 100 columns, by `script` of util-linux: no package of ours makes one without a compiler. */
export function openTerminal(command: string, env: Record<string, string>, prompt = PROMPT): Terminal {
  if (spawnSync("script", ["--version"]).error) {
    throw new Error("This test drives a terminal with `script`: apt-get install bsdutils, or util-linux");
  }
  const home = mkdtempSync(join(tmpdir(), "eventix-terminal-"));
  const child: ChildProcess = spawn("script", ["-qefc", `stty cols 100 rows 40; exec ${command}`, "/dev/null"], {
    env: { ...process.env, TERM: "xterm", FORCE_COLOR: undefined, NO_COLOR: undefined, ...env, HOME: home },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let shown = "";
  let read = 0;
  child.stdout?.on("data", (chunk) => {
    shown += chunk;
  });
  process.on("exit", () => child.kill("SIGKILL"));
  const exited = once(child, "close").then(([code]) => {
    rmSync(home, { recursive: true, force: true });
    return code as number | null;
  });
  const fresh = () => stripVTControlCharacters(shown.slice(read)).replaceAll("\r", "");
  const type = (keys: string) => void child.stdin?.write(keys);
  async function untilShown(what: RegExp | string): Promise<string> {
    const found = () => (typeof what === "string" ? fresh().includes(what) : what.test(fresh()));
    await until(found, { what: `${what} to be shown`, ms: 30_000 }).catch((error: Error) => {
      throw new Error(`${error.message}; shown is\n${fresh()}`);
    });
    const text = fresh();
    read = shown.length;
    return text;
  }
  return {
    shown: () => stripVTControlCharacters(shown),
    untilShown,
    type,
    async enter(line) {
      type(`${line}\r`);
      const text = await untilShown(new RegExp(`\n${prompt.replace("$", "\\$")}$`));
      return text.slice(text.indexOf("\n") + 1, text.lastIndexOf("\n"));
    },
    close: () => child.kill("SIGTERM"),
    exited,
  };
}
