import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PROJECT } from "#stack/home.ts";
import type { Edit } from "./mutations.ts";

/** The text of a file with an edit made. Throws when what is to be replaced does not stand there exactly once. */
export function edited(text: string, { file, find, put }: Edit): string {
  const times = text.split(find).length - 1;
  if (times !== 1) throw new Error(`${file} has this ${times} times, not once: ${find}`);
  return text.replace(find, () => put);
}

/** A copy of the project in which the edits are made, with the same packages; removed by whoever asked for it. */
export function mutatedCopy(edits: readonly Edit[]): string {
  const copy = mkdtempSync(join(tmpdir(), "eventix-mutation-"));
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: PROJECT, encoding: "utf8" });
  for (const file of files.split("\n").filter((name) => name !== "")) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(PROJECT, file), join(copy, file));
  }
  symlinkSync(join(PROJECT, "node_modules"), join(copy, "node_modules"));
  // Tests of what the project's own files look like ask git for their names.
  execFileSync("git", ["init", "-q"], { cwd: copy });
  for (const edit of edits) {
    const path = join(copy, edit.file);
    writeFileSync(path, edited(readFileSync(path, "utf8"), edit));
  }
  return copy;
}

export const removeCopy = (copy: string): void => rmSync(copy, { recursive: true, force: true });
