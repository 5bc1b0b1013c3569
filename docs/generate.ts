import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { postgresInit, topicScript } from "./generate/compose.ts";
import { errorsPage } from "./generate/errors.ts";
import { envelopeTable, factSections, topicsTable } from "./generate/events.ts";
import { exitCodes } from "./generate/exit-codes.ts";
import { metricsTable } from "./generate/metrics.ts";
import { openApiFile, routesTable } from "./generate/routes.ts";
import * as scaling from "./generate/scaling.ts";
import { withSection } from "./generate/section.ts";
import { settingsTable } from "./generate/settings.ts";
import { statesPage } from "./generate/states.ts";

/** A file, or with `section` the part of one between its marks, that is made from the code. */
interface Made {
  path: string;
  section?: string;
  make: () => string | Promise<string>;
}

/** All that `npm run docs` writes; a test holds it in step with the code. */
export const MADE: readonly Made[] = [
  { path: "docs/errors.md", make: errorsPage },
  { path: "docs/states.md", make: statesPage },
  { path: "docs/events.md", section: "topics", make: topicsTable },
  { path: "docs/events.md", section: "envelope", make: envelopeTable },
  { path: "docs/events.md", section: "facts", make: factSections },
  { path: "docs/operations.md", section: "metrics", make: metricsTable },
  { path: "docs/scaling.md", section: "costs", make: scaling.costs },
  { path: "docs/scaling.md", section: "assumptions", make: scaling.assumptions },
  { path: "docs/scaling.md", section: "plan", make: scaling.plan },
  { path: "docs/scaling.md", section: "one event", make: scaling.event },
  { path: "docs/scaling.md", section: "slowdown", make: scaling.slowdown },
  { path: "docker/postgres/init.sql", make: postgresInit },
  { path: "docker/redpanda/topics.sh", make: topicScript },
  { path: "docs/openapi.json", make: openApiFile },
  { path: "README.md", section: "routes", make: routesTable },
  { path: "README.md", section: "settings", make: settingsTable },
  { path: "README.md", section: "exit codes", make: exitCodes },
];

const root = join(import.meta.dirname, "..");

/** What the file holds now, and what it should hold. */
export async function compared({ path, section, make }: Made): Promise<{ now: string; should: string }> {
  const file = join(root, path);
  const now = existsSync(file) ? readFileSync(file, "utf8") : "";
  const made = await make();
  return { now, should: section === undefined ? made : withSection(now, section, made) };
}

if (import.meta.main) {
  for (const made of MADE) {
    const { now, should } = await compared(made);
    if (now !== should) {
      writeFileSync(join(root, made.path), should);
      process.stdout.write(`${made.path} is made anew\n`);
    }
  }
}
