import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const read = (path: string) => readFileSync(join(import.meta.dirname, "../..", path), "utf8");

test("docs/security.md says of every dependency, in the version that is installed, what is known of it", () => {
  const { dependencies } = JSON.parse(read("package.json"));
  const [, table = ""] = read("docs/security.md").split("## Dependencies");
  const said = Object.fromEntries(
    table
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .flatMap((line) => [...(line.split("|")[1] ?? "").matchAll(/`([^`]+)` (\d[\w.-]*)/g)])
      .map(([, name, version]) => [name, version]),
  );
  assert.deepEqual(said, dependencies, "look up what is known of the new version, and write it there with the date");
});
