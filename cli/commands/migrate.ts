import { Command } from "commander";
import { eventixHome } from "#stack/home.ts";
import { sayOnStderr } from "#stack/progress.ts";
import { stackEnvironment } from "#stack/stack.ts";
import { migrate } from "../../migrations/migrate.ts";

export const migrateCommand = (): Command =>
  new Command("migrate").description("Bring the three databases to the current schema.").action(async () => {
    const done = await migrate(stackEnvironment(eventixHome(), process.env, ["postgres"]), sayOnStderr);
    if (done === 0) sayOnStderr("All databases have the current schema.");
  });
