import { spawnSync } from "node:child_process";
import { StackError } from "./stack-error.ts";

interface Tool {
  command: string;
  args: string[];
  /** Finds the version in what the tool prints. */
  version: RegExp;
  least: number;
  /** What the person should read when it is missing or too old. */
  title: string;
  install: string;
}

const brew = process.platform === "darwin";
export const TOOLS = {
  java: {
    command: "java",
    args: ["-version"],
    version: /version "(?:1\.)?(\d+)/,
    least: 17,
    title: "Java 17 or newer, which runs Kafka,",
    install: brew ? "brew install openjdk@17" : "sudo apt-get install -y openjdk-17-jre-headless",
  },
  maven: {
    command: "mvn",
    args: ["-v"],
    version: /Apache Maven (\d+)/,
    least: 3,
    title: "Maven, which fetches Kafka,",
    install: brew ? "brew install maven" : "sudo apt-get install -y maven",
  },
  redis: {
    command: "redis-server",
    args: ["--version"],
    version: /v=(\d+)/,
    least: 6,
    title: "redis-server 6 or newer",
    install: brew ? "brew install redis" : "sudo apt-get install -y redis-server",
  },
} as const satisfies Record<string, Tool>;

/** The major version of the tool on PATH. Throws one sentence with the command that installs it, when there is none or too old a one. */
export function requireTool({ command, args, version, least, title, install }: Tool): number {
  const { error, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (error) throw new StackError(`${title} is not installed: ${install}`);
  const found = version.exec(`${stdout}${stderr}`)?.[1];
  if (found === undefined || Number(found) < least) {
    throw new StackError(`${title} is needed, but ${command} is version ${found ?? "unknown"}: ${install}`);
  }
  return Number(found);
}
