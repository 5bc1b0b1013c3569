import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT, sharedCache } from "../home.ts";
import type { Say } from "../progress.ts";
import { StackError } from "../stack-error.ts";
import { requireTool, TOOLS } from "../tools.ts";

const POM = join(PROJECT, "stack/kafka/pom.xml");

/** The folder with Kafka's jars, shared by all stacks of this user; Maven fills it once for each version of the pom. */
export async function kafkaJars(say: Say, signal?: AbortSignal): Promise<string> {
  const folder = jarsFolder();
  if (existsSync(folder)) return folder;
  requireTool(TOOLS.maven);
  say("Fetching Apache Kafka with Maven (once, about 45 MB) …");
  const aside = `${folder}.${process.pid}`;
  mkdirSync(dirname(aside), { recursive: true });
  try {
    await maven(
      ["-f", POM, "dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${aside}`],
      signal,
    );
    renameSync(aside, folder);
  } catch (error) {
    // Another run may have put the same jars there meanwhile.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return folder;
}

export const hasKafkaJars = (): boolean => existsSync(jarsFolder());

const jarsFolder = () =>
  sharedCache(`kafka-${createHash("sha256").update(readFileSync(POM)).digest("hex").slice(0, 12)}`);

function maven(args: string[], signal?: AbortSignal): Promise<void> {
  const child = spawn("mvn", ["-B", "-q", ...args], { stdio: ["ignore", "pipe", "pipe"], signal });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output = `${output}${chunk}`.slice(-2_000);
    });
  }
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) =>
      code === 0
        ? done()
        : failed(new StackError(`Maven could not fetch Kafka; check the network and run again. It said:\n${output}`)),
    );
  });
}
