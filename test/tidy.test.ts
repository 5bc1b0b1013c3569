import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";

interface Source {
  path: string;
  text: string;
  lines: string[];
}

const root = posix.join(import.meta.dirname, "..");
const sources: Source[] = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.ts"], { cwd: root })
  .toString()
  .split("\n")
  .filter((path) => path !== "")
  .map((path) => {
    const text = readFileSync(posix.join(root, path), "utf8");
    return { path, text, lines: text.split("\n") };
  });
/** The transporter brings its tests along, as a package does: they read the address of a Kafka from the environment. */
const TESTS = /^(test|broker\/kafka-transporter\/test)\//;
const product = sources.filter(({ path }) => !TESTS.test(path));
const folderOf = (path: string) => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "");

/** What a folder may import of ours, besides itself; a folder that is not named may import all. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  contracts: [],
  broker: ["contracts", "config.ts", "moleculer.config.ts"],
  mixins: ["contracts", "broker", "config.ts"],
  services: ["contracts", "mixins", "broker", "config.ts"],
};
/** The folders that nothing of the product imports. */
const EDGES = ["cli", "stack", "test", "bench", "docs"];

const FILE_LINES_MAX = 300;
const MEDIAN_LINES_MAX = 90;
const LINE_CHARACTERS_MAX = 140;
/** Prose and SQL may be longer. */
const LONG_LINES_ALLOWED =
  /^(contracts\/errors\.ts|(bus-settings|config)\.ts|migrations\/)|\.sql\.ts$|\.repository\.ts$/;

const SUFFIXES = new Set([
  "actor", "actors", "changes", "client",
  "connection", "committer", "config", "consumer", "desk", "directory", "facts", "locks",
  "memory", "middleware", "mixin", "model", "options", "plan", "provider", "reporter", "repository", "request",
  "rules",
  "service", "sql", "strategy", "tables", "test", "transaction", "transitions", "transporter", "worker",
]); // biome-ignore format: a list to be read as one
/** In a comment; a text may hold such a word, as the currency of nobody. */
const LEFTOVER = /(\/\/|^\s*\*|\/\*).*\b(TODO|FIXME|XXX|HACK)\b/;
/** Where statements may stand. */
const SQL_ALLOWED = /\.repository\.ts$|\.sql\.ts$|^(migrations|stack|test|bench)\/|\/sql\//;
const SQL = /["'`]\s*(select\s|insert into\s|update \w+\s+set\s|delete from\s|with \w+ as \()/i;

function importsOf({ path, text }: Source): string[] {
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] as string);
  return found.flatMap((target) => {
    if (target.startsWith("#")) return [target === "#config" ? "config.ts" : target.slice(1)];
    return target.startsWith(".") ? [posix.normalize(posix.join(posix.dirname(path), target))] : [];
  });
}

/** Places whose line matches. */
const linesLike = (among: readonly Source[], pattern: RegExp): string[] =>
  among.flatMap(({ path, lines }) => lines.flatMap((line, n) => (pattern.test(line) ? [`${path}:${n + 1}`] : [])));

const serviceOf = (path: string) => path.split("/")[1];

function importProblem(from: string, to: string): string | undefined {
  const [own, other] = [folderOf(from), folderOf(to) || to];
  if (from.startsWith("broker/kafka-transporter/") && !to.startsWith("broker/kafka-transporter/")) {
    return "the transporter is a package in waiting: pass in what it needs";
  }
  if (EDGES.includes(other) && !EDGES.includes(own)) return "nothing imports an edge: move what is shared inwards";
  if (own === "services" && other === "services" && serviceOf(from) !== serviceOf(to)) {
    return "services reach one another only through actions and topics: put what both need into contracts or mixins";
  }
  const allowed = MAY_IMPORT[own];
  if (!allowed || own === other || allowed.includes(other)) return undefined;
  return `${own} may import only ${[...allowed, "itself"].join(", ")}: turn the dependency around`;
}

test("folders import only what they may", () => {
  const wrong = sources.flatMap((source) =>
    importsOf(source).flatMap((to) => {
      const problem = importProblem(source.path, to);
      return problem ? [`${source.path} imports ${to}: ${problem}`] : [];
    }),
  );
  assert.deepEqual(wrong, []);
});

test("the import rule sees what it forbids", () => {
  const forbidden: [from: string, to: string][] = [
    ["services/booking/a.ts", "services/payment/b.ts"],
    ["contracts/a.ts", "config.ts"],
    ["mixins/a.ts", "services/booking/b.ts"],
    ["broker/kafka-transporter/a.ts", "broker/node.ts"],
    ["services/booking/a.ts", "stack/b.ts"],
    ["broker/a.ts", "mixins/b.ts"],
  ];
  for (const [from, to] of forbidden) assert(importProblem(from, to), `${from} may import ${to}`);
  assert.equal(importProblem("services/booking/a.ts", "contracts/b.ts"), undefined);
});

test(`no file is longer than ${FILE_LINES_MAX} lines, and half of them are at most ${MEDIAN_LINES_MAX}`, () => {
  const long = product
    .filter(({ lines }) => lines.length > FILE_LINES_MAX)
    .map(({ path, lines }) => `${path}: ${lines.length}`);
  assert.deepEqual(long, [], "a file with two jobs: cut it along them");
  const sizes = product.map(({ lines }) => lines.length).sort((a, b) => a - b);
  assert((sizes[Math.floor(sizes.length / 2)] as number) <= MEDIAN_LINES_MAX, "cut the larger half");
});

test(`no line is longer than ${LINE_CHARACTERS_MAX} characters`, () => {
  const limited = product.filter(({ path }) => !LONG_LINES_ALLOWED.test(path));
  const tooLong = new RegExp(`^.{${LINE_CHARACTERS_MAX + 1}}`);
  assert.deepEqual(linesLike(limited, tooLong), [], "break the line, or name a part of it");
});

test("a file's suffix is a role", () => {
  const unknown = sources.flatMap(({ path }) => {
    const suffix = posix.basename(path, ".ts").split(".").slice(1).at(-1);
    return suffix === undefined || SUFFIXES.has(suffix) ? [] : [path];
  });
  assert.deepEqual(
    unknown,
    [],
    "name the file by a listed role, or without one; a new role is added to the list with its first file",
  );
});

test("the environment is read in config.ts", () => {
  const readers = product
    .filter(({ path, text }) => text.includes("process.env") && path !== "config.ts" && !EDGES.includes(folderOf(path)))
    .map(({ path }) => path);
  assert.deepEqual(readers, [], "add a setting to config.ts: validated, documented, frozen");
});

test("statements stand in repositories, sql folders and migrations", () => {
  const elsewhere = product.filter(({ path }) => !SQL_ALLOWED.test(path));
  assert.deepEqual(linesLike(elsewhere, SQL), [], "move the statement to a repository: rows stop there");
});

test("nothing is left for later in a comment", () => {
  assert.deepEqual(linesLike(sources, LEFTOVER), [], "do it now, or say in the comment what is so and why");
});

test("services fail by code", () => {
  const services = product.filter(({ path }) => path.startsWith("services/"));
  const advice = "throw an EventixError by its code, which callers match on; for a fault of ours a TypeError";
  assert.deepEqual(linesLike(services, /throw new Error\(/), [], advice);
});

test("what the rules look for is found", () => {
  const found = (text: string, pattern: RegExp) =>
    linesLike([{ path: "a.ts", text, lines: text.split("\n") }], pattern);
  const word = ["TO", "DO"].join("");
  const left = ["x(); //@: y", "  * @", "/*@*/", " * a @"].map((line) => line.replace("@", word)).join("\n");
  assert.deepEqual(found(left, LEFTOVER), ["a.ts:1", "a.ts:2", "a.ts:3", "a.ts:4"]);
  assert.deepEqual(found('const currency = "XXX";\n// XXXX-XXXX\ntodo();', LEFTOVER), []);
  assert.deepEqual(found('const q = "select 1 as one";\nconst text = "selected";', SQL), ["a.ts:1"]);
});
