import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** docker-compose.yml as it is read here: only the short forms that it uses. */
export interface Service {
  image: string;
  build?: string;
  profiles?: string[];
  command?: string[];
  entrypoint?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
  init?: boolean;
  read_only?: boolean;
  cap_drop?: string[];
  stop_grace_period?: string;
}

export interface ComposeFile {
  name: string;
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

export const root = join(import.meta.dirname, "../../..");
export const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** The file as a bare `docker compose` sees it: with the defaults of its variables. */
export function composeFile(): ComposeFile {
  return parse(interpolated(read("docker-compose.yml")), { merge: true }) as ComposeFile;
}

/** Each variable of the file with its default. */
export const variables = (): Map<string, string> =>
  new Map(
    [...read("docker-compose.yml").matchAll(VARIABLE)].map(([, name, fallback]) => [
      name as string,
      fallback as string,
    ]),
  );

const VARIABLE = /\$\{(\w+):-([^}]*)\}/g;
const interpolated = (text: string) => text.replaceAll(VARIABLE, (_, __, fallback) => fallback);

export interface Instruction {
  name: string;
  rest: string;
}

/** The instructions of the Dockerfile, by stage; comments are left out, continued lines joined. */
export function dockerfileStages(): Instruction[][] {
  const lines = read("Dockerfile")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .filter(Boolean);
  const stages: Instruction[][] = [];
  for (const line of lines) {
    const [, name = "", rest = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (name === "FROM") stages.push([]);
    stages.at(-1)?.push({ name, rest });
  }
  return stages;
}

/** What .dockerignore lets into the image, as folders and files; it names them one by one behind a `*`. */
export function imageContent(): string[] {
  const [all, ...names] = read(".dockerignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (all !== "*" || names.some((name) => !/^![\w./-]+$/.test(name)))
    throw new Error("a `*`, then `!` and a path a line");
  return names.map((name) => name.slice(1).replace(/\/$/, ""));
}
