import { Command } from "commander";
import { sayOnStderr } from "#stack/progress.ts";
import { operatorClient } from "../api.client.ts";
import { seed } from "../seed/seed.ts";

export const seedCommand = (): Command =>
  new Command("seed")
    .description("Put the sample events on sale, and sell one of them out. Doing it again changes nothing.")
    .option("--url <url>", "the gateway (default: the one that npm start runs)")
    .option("--token <token>", "with the scope catalog:write (default: the local issuer's, for the operator)")
    .action((options: { url?: string; token?: string }) => {
      const { token } = options;
      return seed(operatorClient(options), sayOnStderr, token === undefined ? undefined : () => token);
    });
