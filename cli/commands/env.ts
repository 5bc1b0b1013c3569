import { Command } from "commander";
import { stackEnvironment } from "#stack/stack.ts";

export const envCommand = (): Command =>
  new Command("env").description("Print the addresses of the stack that is up as KEY=value lines.").action(() => {
    for (const [name, value] of Object.entries(stackEnvironment())) process.stdout.write(`${name}=${value}\n`);
  });
