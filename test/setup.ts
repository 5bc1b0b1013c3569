import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guard } from "#stack/guard.ts";
import { silent } from "#stack/progress.ts";
import { stackDown, stackUp } from "#stack/stack.ts";
import { migrate } from "../migrations/migrate.ts";
import { makeTemplates } from "./support/database.ts";

let home = "";

/** A stack of the test run's own in a temporary folder; its addresses reach every test file through the environment. */
export async function globalSetup(): Promise<void> {
  home = mkdtempSync(join(tmpdir(), "eventix-test-"));
  // The teardown does not run when the runner is killed.
  guard(home);
  const { env } = await stackUp({ home, env: { EVENTIX_STACK: process.env.EVENTIX_STACK } });
  await migrate(env, silent);
  Object.assign(process.env, env, { LOG_FORMAT: "json" });
  await makeTemplates();
}

export async function globalTeardown(): Promise<void> {
  await stackDown({ home, say: silent, volumes: true });
  await rm(home, { recursive: true, force: true });
}
