#!/usr/bin/env node
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import type { Config } from "#config";
import { brokerOptions } from "./broker.options.ts";
import { ownProcess } from "./process.ts";

/** Of a wrong setting, as of every command (cli/exit-codes.ts): to start again would not help. */
const EXIT_USAGE = 64;
const SERVICES = join(import.meta.dirname, "..", "services");

/** A broker with the services that `config.services` names, not yet started. Throws when one is not known. */
export async function createNode(config: Config, options = brokerOptions(config)): Promise<ServiceBroker> {
  const schemas = await Promise.all(config.services.map(loadService));
  const broker = new ServiceBroker(options);
  for (const schema of schemas) broker.createService(schema);
  return broker;
}

/** Creates and starts a node. A service that cannot start stops the node again, and its error is thrown. */
export async function startNode(config: Config, options = brokerOptions(config)): Promise<ServiceBroker> {
  const broker = await createNode(config, options);
  try {
    await broker.start();
  } catch (error) {
    await broker.stop();
    throw error;
  }
  return broker;
}

async function loadService(name: string): Promise<ServiceSchema> {
  const known = knownServices();
  if (!known.includes(name)) {
    throw new Error(`SERVICES names "${name}", which is not a service. Known are: ${known.join(", ") || "none"}.`);
  }
  const module = await import(join(SERVICES, name, `${name}.service.ts`));
  return module.default;
}

/** A service is a folder with a file of its name. */
function knownServices(): string[] {
  if (!existsSync(SERVICES)) return [];
  return readdirSync(SERVICES).filter((name) => existsSync(join(SERVICES, name, `${name}.service.ts`)));
}

if (import.meta.main) {
  const config = await processConfig();
  await ownProcess(config, async () => createNode(config, (await import("../moleculer.config.ts")).default));
}

/** Imported here, since it reads the environment when it is: a wrong setting is told without a stack trace. */
async function processConfig(): Promise<Config> {
  try {
    return (await import("#config")).nodeConfig();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(EXIT_USAGE);
  }
}
