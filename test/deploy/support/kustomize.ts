import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";

/** As Kubernetes reads it: 0440 is octal. */
const YAML = { version: "1.1" } as const;

/** A Kubernetes object; what is in it is checked by the schemas of Kubernetes. */
export type Resource = { apiVersion: string; kind: string; metadata: { name: string; namespace?: string } } & Record<
  string,
  // biome-ignore lint/suspicious/noExplicitAny: the schemas of Kubernetes say what is in it.
  any
>;

interface Kustomization {
  namespace?: string;
  resources?: string[];
  patches?: { path: string; target: { kind: string } }[];
  images?: { name: string; newName: string; newTag: string }[];
  configMapGenerator?: { name: string; literals: string[] }[];
}

const KNOWN = ["apiVersion", "kind", "namespace", "resources", "patches", "images", "configMapGenerator"];

/**
 * What `kubectl kustomize FOLDER` makes, as far as our kustomizations ask for it: whatever else one of them says is refused.
 * Generated names get a hash, though another one.
 */
export function kustomize(folder: string): Resource[] {
  const file = parse(readFileSync(join(folder, "kustomization.yaml"), "utf8"), YAML) as Kustomization;
  const unknown = Object.keys(file).filter((key) => !KNOWN.includes(key));
  if (unknown.length > 0) throw new Error(`${folder}: ${unknown.join(", ")} is not understood here`);
  let resources = (file.resources ?? []).flatMap((path) => resourcesAt(join(folder, path)));
  for (const { path, target } of file.patches ?? []) {
    const [{ metadata: _, ...over }] = resourcesAt(join(folder, path)) as [Resource];
    resources = resources.map((one) => (one.kind === target.kind ? (merged(one, over) as Resource) : one));
  }
  const all = [...resources, ...(file.configMapGenerator ?? []).map(configMap)];
  const made = JSON.parse(JSON.stringify(all), (key, value) => {
    if (key === "image") return imageOf(value, file);
    return key === "configMapRef" ? { name: generatedName(value.name, file) } : value;
  }) as Resource[];
  return made.map((one) => placed(one, file.namespace));
}

function resourcesAt(path: string): Resource[] {
  if (statSync(path).isDirectory()) return kustomize(path);
  const documents = parseAllDocuments(readFileSync(path, "utf8"), YAML);
  return documents.map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS();
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A strategic merge: objects by key, lists of named things by name, other lists as a whole. */
function merged(base: unknown, patch: unknown): unknown {
  if (isObject(base) && isObject(patch)) {
    const keys = new Set([...Object.keys(base), ...Object.keys(patch)]);
    const entries = [...keys].map((key) => [key, patch[key] === undefined ? base[key] : merged(base[key], patch[key])]);
    return Object.fromEntries(entries);
  }
  const areNamed = (list: unknown) => Array.isArray(list) && list.every((item) => isObject(item) && "name" in item);
  if (!areNamed(base) || !areNamed(patch)) return patch;
  const [mine, theirs] = [base as { name: string }[], patch as { name: string }[]];
  const changed = mine.map((item) => {
    const over = theirs.find(({ name }) => name === item.name);
    return over ? merged(item, over) : item;
  });
  return [...theirs.filter(({ name }) => !mine.some((item) => item.name === name)), ...changed];
}

const hashed = ({ name, literals }: { name: string; literals: string[] }) =>
  `${name}-${createHash("sha256").update(JSON.stringify(literals)).digest("hex").slice(0, 10)}`;

function configMap(generator: { name: string; literals: string[] }): Resource {
  const { literals } = generator;
  const pairs = literals.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: hashed(generator) },
    data: Object.fromEntries(pairs),
  };
}

function generatedName(name: string, { configMapGenerator = [] }: Kustomization): string {
  const generator = configMapGenerator.find((one) => one.name === name);
  return generator ? hashed(generator) : name;
}

function imageOf(image: string, { images = [] }: Kustomization): string {
  const known = images.find(({ name }) => name === image);
  return known ? `${known.newName}:${known.newTag}` : image;
}

const placed = (one: Resource, namespace?: string): Resource =>
  namespace === undefined || one.kind === "Namespace" ? one : { ...one, metadata: { ...one.metadata, namespace } };
