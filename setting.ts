import { readFileSync } from "node:fs";

/** One setting: where it comes from, what it is when absent, and why anyone would change it. */
export interface Setting<T> {
  env: string;
  parse: (raw: string) => T;
  fallback: string;
  doc: string;
  /** Its value may hold a password or a key, and is never shown; `<env>_FILE` may name a file that holds it instead. */
  isSecret?: true;
}

export type Table = Record<string, Setting<unknown>>;
export type ValuesOf<T extends Table> = { readonly [K in keyof T]: ReturnType<T[K]["parse"]> };
type Environment = Record<string, string | undefined>;

export function setting<T>(env: string, fallback: string, parse: (raw: string) => T, doc: string): Setting<T> {
  return { env, fallback, parse, doc };
}

export function secret<T>(env: string, parse: (raw: string) => T, doc: string): Setting<T> & { isSecret: true } {
  return { ...setting(env, "", parse, doc), isSecret: true };
}

/** The values of a table's settings, and by the names of those that are not valid what is wrong with them. */
export function readSettings<T extends Table>(table: T, env: Environment) {
  const wrong = new Map<string, string>();
  const values: Record<string, unknown> = {};
  for (const [key, one] of Object.entries(table)) {
    let raw = env[one.env] || one.fallback;
    try {
      raw = textOf(one, table, env) || one.fallback;
      values[key] = one.parse(raw);
    } catch (error) {
      wrong.set(one.env, `${one.isSecret ? one.env : `${one.env}=${raw}`}: ${(error as Error).message}`);
    }
  }
  return { values: values as Partial<ValuesOf<T>>, wrong };
}

/**
 * Puts what the files hold that an environment names for its secrets into it, for programs that look there. Of a file
 * that cannot be read nothing is said: readSettings does.
 */
export function unfoldSecretFiles(table: Table, env: Environment): void {
  for (const one of Object.values(table)) {
    if (!hasFile(one, table, env) || env[one.env]) continue;
    try {
      env[one.env] = textOf(one, table, env);
      delete env[fileVariable(one)];
    } catch {}
  }
}

const fileVariable = ({ env }: Setting<unknown>) => `${env}_FILE`;

/** A table may have a setting of that name for itself, which then says what the file is for. */
const hasFile = (one: Setting<unknown>, table: Table, env: Environment): boolean =>
  one.isSecret === true &&
  Boolean(env[fileVariable(one)]) &&
  !Object.values(table).some((other) => other.env === fileVariable(one));

function textOf(one: Setting<unknown>, table: Table, env: Environment): string | undefined {
  const given = env[one.env];
  if (!hasFile(one, table, env)) return given;
  const variable = fileVariable(one);
  if (given) throw new Error(`is given twice: unset it, or ${variable}`);
  const file = env[variable] as string;
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new Error(`${variable}=${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (text === "") throw new Error(`${variable}=${file} is empty`);
  return text;
}
