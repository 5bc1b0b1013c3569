import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { BROKERS, withAdmin } from "./support/cluster.ts";

const PACKAGE = join(import.meta.dirname, "..");
const NAME = "moleculer-kafka-inbox";
const folderOf = (name: string) => dirname(findPackageJSON(name, import.meta.url) as string);

const project = mkdtempSync(join(tmpdir(), "packed-"));
const modules = join(project, "node_modules");
const namespace = `packed-${randomUUID().slice(0, 8)}`;
const env = { PATH: process.env.PATH, HOME: process.env.HOME, BROKERS: BROKERS.join(","), NAMESPACE: namespace };

before(() => {
  // What npm has told this run of itself would make it work on the folder that the run began in.
  const packed = execFileSync("npm", ["pack", "--offline", "--silent", "--pack-destination", project], {
    cwd: PACKAGE,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    encoding: "utf8",
  });
  mkdirSync(join(modules, NAME), { recursive: true });
  const file = join(project, packed.trim().split("\n").at(-1) as string);
  execFileSync("tar", ["-xzf", file, "-C", join(modules, NAME), "--strip-components=1"]);
  mkdirSync(join(modules, "@types"));
  for (const name of ["moleculer", "kafkajs", "@types/node"]) symlinkSync(folderOf(name), join(modules, name));
});
after(async () => {
  rmSync(project, { recursive: true, force: true });
  await withAdmin(async (admin) => {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(`MOL-${namespace}.`));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  });
});

const write = (name: string, text: string) => {
  writeFileSync(join(project, name), text);
  return join(project, name);
};

test("what is packed is built JavaScript with its types, and nothing else", () => {
  assert.deepEqual(readdirSync(join(modules, NAME)).sort(), ["LICENSE", "README.md", "dist", "package.json"]);
  const built = readdirSync(join(modules, NAME, "dist"));
  assert.ok(built.includes("index.js") && built.includes("index.d.ts"));
  assert.deepEqual(
    built.filter((name) => !/\.(js|d\.ts)$/.test(name)),
    [],
  );
});

test("a plain JavaScript project uses it from its configuration, and two nodes call each other", async () => {
  write("package.json", "{}");
  const config = write(
    "moleculer.config.js",
    `const { KafkaTransporter } = require("${NAME}");
     module.exports = {
       nodeID: "server",
       logger: false,
       transporter: new KafkaTransporter({ brokers: process.env.BROKERS.split(",") }),
     };`,
  );
  const service = write(
    "greeter.service.js",
    `module.exports = { name: "greeter", actions: { hello: ({ params }) => "Hello " + params.name } };`,
  );
  const client = write(
    "client.mjs",
    `import { ServiceBroker } from "moleculer";
     import { KafkaTransporter } from "${NAME}";
     const transporter = new KafkaTransporter({ brokers: process.env.BROKERS.split(",") });
     const broker = new ServiceBroker({ namespace: process.env.NAMESPACE, nodeID: "client", logger: false, transporter });
     await broker.start();
     await broker.waitForServices("greeter", 30_000);
     console.log(await broker.call("greeter.hello", { name: "Alice" }));
     await broker.stop();`,
  );
  const runner = join(folderOf("moleculer"), "bin/moleculer-runner.js");
  const server = spawn(process.execPath, [runner, "--config", config, service], {
    cwd: project,
    env,
    stdio: "inherit",
  });
  try {
    const said = execFileSync(process.execPath, [client], { cwd: project, env, encoding: "utf8", timeout: 60_000 });
    assert.equal(said.trim(), "Hello Alice");
  } finally {
    server.kill("SIGKILL");
  }
});

test("a TypeScript project gets its types", () => {
  const good = `import { KafkaTransporter, LIMITS, type Limits } from "${NAME}";
    const limits: Partial<Limits> = { maxPacketBytes: LIMITS.maxPacketBytes / 2 };
    export const transporter = new KafkaTransporter({ brokers: ["127.0.0.1:9092"], limits, kafka: { ssl: true } });\n`;
  assert.equal(check(write("good.mts", good)), "");
  assert.match(check(write("bad.mts", good.replace("brokers:", "broker:"))), /'?broker'? does not exist/);
});

/** What the compiler says of a file. */
function check(file: string): string {
  const tsc = join(folderOf("typescript"), "bin/tsc");
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"];
  try {
    execFileSync(process.execPath, [tsc, ...options, "--types", "node", file], { cwd: project, encoding: "utf8" });
    return "";
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
