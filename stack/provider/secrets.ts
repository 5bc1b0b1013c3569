import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export const providerFolder = (home: string): string => join(home, "provider");
/** One secret a line. Both sides read it again when it changes. */
export const webhookSecretsFile = (home: string): string => join(providerFolder(home), "webhook-secrets");

/** What the API is asked with, made at first use. */
export const apiKey = (home: string): string =>
  readOrMake(join(providerFolder(home), "api-key"), () => `key_${randomBytes(24).toString("base64url")}`);

/** What signs events: several while they are changed. */
export const webhookSecrets = (home: string): string[] =>
  readOrMake(webhookSecretsFile(home), () => `whsec_${randomBytes(32).toString("base64")}`).split(/\s+/);

function readOrMake(file: string, make: () => string): string {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const aside = `${file}.${process.pid}`;
    writeFileSync(aside, `${make()}\n`, { mode: 0o600 });
    renameSync(aside, file);
  }
  return readFileSync(file, "utf8").trim();
}
