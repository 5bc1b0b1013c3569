import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../../stack/support/compose-file.ts";
import type { Resource } from "./kustomize.ts";

const moduleOf = ({ apiVersion, kind }: Resource) => `kubernetes-models/${apiVersion}/${kind}`;

/** What the schema of its kind finds wrong with an object: types, values and what is missing. */
export async function schemaProblems(resource: Resource): Promise<string[]> {
  const { [resource.kind]: Model } = (await import(moduleOf(resource))) as Record<string, ModelClass>;
  if (!Model) return [`no schema for ${resource.apiVersion} ${resource.kind}`];
  try {
    new Model(resource).validate();
    return [];
  } catch (error) {
    return [`${resource.kind} ${resource.metadata.name}: ${(error as Error).message}`];
  }
}

type ModelClass = new (data: object) => { validate(): void };

/**
 * What the compiler finds wrong with objects as literals of their kinds' types: above all names that the API does not know, which
 * the schemas let through and a cluster drops or refuses.
 */
export async function unknownNames(resources: readonly Resource[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "eventix-manifests-"));
  try {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    const lines = resources.map(
      (resource, n) =>
        `import type { I${resource.kind} as T${n} } from "${moduleOf(resource)}";\n` +
        `export const ${nameOf(resource)}_${n}: T${n} = ${JSON.stringify(resource, null, 1)};`,
    );
    writeFileSync(join(folder, "manifests.ts"), lines.join("\n"));
    writeFileSync(join(folder, "package.json"), `{"type":"module"}`);
    const options = { module: "nodenext", strict: true, skipLibCheck: true, noEmit: true, types: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["manifests.ts"] }));
    const tsc = join(root, "node_modules/.bin/tsc");
    const { stdout } = await promisify(execFile)(tsc, ["-p", folder], { cwd: root }).catch((error) => error);
    return stdout.split("\n").filter((line: string) => line.includes("error TS"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const nameOf = ({ kind, metadata }: Resource) => `${kind}_${metadata.name.replaceAll(/\W/g, "_")}`;
