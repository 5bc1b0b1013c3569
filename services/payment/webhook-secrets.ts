import { readFileSync, statSync } from "node:fs";
import type { Logger } from "moleculer";
import { webhookSecrets } from "#config";

export interface SecretSources {
  fixed: readonly string[];
  /** One a line; empty for none. */
  file: string;
  logger: Logger;
}

/** How long after a change of the file both old and new secrets may be in use. */
const LOOK_MS = 1_000;

/**
 * The secrets by which the provider's events are known: those of the settings, and those in a file that is read again when it
 * changes, so that secrets are changed without a restart. A file that cannot be read leaves those that it held before.
 */
export class WebhookSecrets {
  readonly #sources: SecretSources;
  #held: string[] = [];
  #version = "";
  #looked = Number.NEGATIVE_INFINITY;

  constructor(sources: SecretSources) {
    this.#sources = sources;
  }

  get current(): readonly string[] {
    const { fixed, file } = this.#sources;
    if (file !== "" && performance.now() - this.#looked >= LOOK_MS) this.#look(file);
    return [...fixed, ...this.#held];
  }

  #look(file: string): void {
    this.#looked = performance.now();
    try {
      const { mtimeMs, size, ino } = statSync(file);
      const version = `${mtimeMs} ${size} ${ino}`;
      if (version === this.#version) return;
      const text = readFileSync(file, "utf8");
      this.#version = version;
      this.#held = webhookSecrets(text.trim().replaceAll(/\s+/g, ","));
      this.#sources.logger.info(`${this.#held.length} webhook secrets are in ${file}`);
    } catch (error) {
      const kept = `those known before are kept: ${(error as Error).message}`;
      this.#sources.logger.error(`the webhook secrets in ${file} cannot be read, ${kept}`);
    }
  }
}
