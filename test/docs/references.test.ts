import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";

const root = posix.join(import.meta.dirname, "../..");
const tracked = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root })
  .toString()
  .split("\n")
  .filter((path) => path !== "");
const pages = tracked.filter((path) => /^(README|docs\/.*)\.md$|^README\.md$/.test(path));

/** Stands in a path for a name of the reader's own. */
const OF_READER = /\b(NAME|SERVICE)\b/;
const PATH = /^[\w.-]+(\/[\w.-]+)*\/?$/;
const FILE = /\.(ts|json|md|yml|sql|xml)$/;

const ignored = readFileSync(posix.join(root, ".gitignore"), "utf8").split("\n");

/** By its path, or by the end of it where the words before have named the folder; or a folder that a run makes. */
function exists(name: string): boolean {
  if (name.endsWith("/")) return ignored.includes(name) || tracked.some((path) => path.startsWith(name));
  return tracked.some((path) => path === name || path.endsWith(`/${name}`));
}

function missingIn(page: string): string[] {
  const text = readFileSync(posix.join(root, page), "utf8").replaceAll(/```[\s\S]*?```/g, "");
  const named = [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] as string);
  const files = named.filter(
    (name) => PATH.test(name) && !OF_READER.test(name) && (FILE.test(name) || name.endsWith("/")),
  );
  const links = [...text.matchAll(/\]\(([^)#]+)(#[^)]*)?\)/g)]
    .map((match) => match[1] as string)
    .filter((target) => !/^https?:/.test(target))
    .map((target) => posix.normalize(posix.join(posix.dirname(page), target)));
  return [...files.filter((name) => !exists(name)), ...links.filter((path) => !tracked.includes(path))];
}

test("there are pages to read", () => assert(pages.includes("README.md") && pages.length > 3));

for (const page of pages) {
  test(`${page} names only files that exist`, () => {
    assert.deepEqual(missingIn(page), [], "the file was moved or renamed: name it as it is called now");
  });
}
