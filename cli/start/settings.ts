import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Config, SettingsError } from "#config";
import { PROJECT } from "#stack/home.ts";
import { freePort, portIsFree } from "#stack/ports.ts";
import { StackError, UsageError } from "#stack/stack-error.ts";
import { unfoldSecretFiles } from "../../setting.ts";

interface FoundSettings {
  /** Those that are valid. */
  settings: Partial<Config>;
  /** The names of those that are not. */
  wrong: string[];
  /** What is wrong with them; absent when nothing is. */
  problem?: string;
}

/** The settings a node would have; what is wrong with them is told before anything is started. Throws UsageError. */
export async function nodeSettings(env: NodeJS.ProcessEnv): Promise<Config> {
  const { settings, problem } = await findSettings(env);
  if (problem !== undefined) throw new UsageError(problem);
  return settings as Config;
}

/** Commands, and the nodes that they start, find in the environment what its files hold: a wrong setting leaves it as it is. */
export async function unfoldSecrets(env: NodeJS.ProcessEnv): Promise<void> {
  const { SETTINGS } = await import("#config").catch(() => ({ SETTINGS: {} }));
  unfoldSecretFiles(SETTINGS, env);
}

/** All that can be said of the settings, for whoever goes on with those that are valid. */
export async function findSettings(env: NodeJS.ProcessEnv): Promise<FoundSettings> {
  let settings: Config;
  try {
    // Imported late: the module itself reads the environment and refuses a wrong one.
    const { readConfig } = await import("#config");
    settings = readConfig(env);
  } catch (error) {
    const { valid, wrong, message } = error as SettingsError;
    return { settings: valid, wrong, problem: message };
  }
  const known = readdirSync(join(PROJECT, "services"));
  const unknown = settings.services.find((name) => !known.includes(name));
  if (unknown === undefined) return { settings, wrong: [] };
  const problem = `SERVICES names "${unknown}", which is not a service. Known are: ${known.join(", ")}.`;
  return { settings, wrong: ["SERVICES"], problem };
}

export const hasGateway = ({ services }: Config): boolean => services.includes("gateway");

/** The port for the gateway; throws StackError when it is taken. */
export async function gatewayPort({ port, host }: Config): Promise<number> {
  if (port === 0) return freePort();
  if (await portIsFree(port, host)) return port;
  throw new StackError(`Port ${port} is in use: end what uses it, or choose another port with PORT=${port + 1}`);
}

/** Where to reach a gateway that listens on `host`. */
export const urlOf = (host: string, port: number): string =>
  `http://${["0.0.0.0", "::", ""].includes(host) ? "127.0.0.1" : host}:${port}`;

/** What a node of ours gets: this environment with the stack's addresses. */
export const nodeEnvironment = (stack: Record<string, string>, port: number | undefined): NodeJS.ProcessEnv => ({
  ...process.env,
  ...stack,
  ...(port !== undefined && { PORT: String(port) }),
});
