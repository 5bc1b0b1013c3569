import { Command } from "commander";
import { sayOnStderr } from "#stack/progress.ts";
import { stackUp } from "#stack/stack.ts";
import { migrate } from "../../migrations/migrate.ts";

export const upCommand = (): Command =>
  new Command("up")
    .description("Bring up Postgres, Redis, Kafka and the token issuer, and leave them running.")
    .action(async () => {
      const { home, env, started } = await stackUp();
      await migrate(env, sayOnStderr);
      const found = started.length > 0 ? `started ${started.join(", ")}` : "all of it was running already";
      sayOnStderr(`The stack in ${home} is up (${found}). Its addresses: npx eventix env`);
    });
