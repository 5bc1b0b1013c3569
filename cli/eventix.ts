#!/usr/bin/env node
import { Command } from "commander";
import { auditCommand } from "./commands/audit.ts";
import { bookingCommand } from "./commands/booking.ts";
import { clusterCommand } from "./commands/cluster.ts";
import { dlqCommand } from "./commands/dlq.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { downCommand } from "./commands/down.ts";
import { envCommand } from "./commands/env.ts";
import { eventCommand } from "./commands/event.ts";
import { importCommand } from "./commands/import.ts";
import { lagCommand } from "./commands/lag.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { nodeCommand } from "./commands/node.ts";
import { outboxCommand } from "./commands/outbox.ts";
import { replCommand } from "./commands/repl.ts";
import { seatCommand } from "./commands/seat.ts";
import { seedCommand } from "./commands/seed.ts";
import { startCommand } from "./commands/start.ts";
import { sweepCommand } from "./commands/sweep.ts";
import { tapCommand } from "./commands/tap.ts";
import { tokenCommand } from "./commands/token.ts";
import { upCommand } from "./commands/up.ts";
import { whyCommand } from "./commands/why.ts";
import { EXIT, EXIT_CODES } from "./exit-codes.ts";
import { tell } from "./failure.ts";
import { nodeSettings, unfoldSecrets } from "./start/settings.ts";

const COMMANDS = [
  startCommand,
  clusterCommand,
  nodeCommand,
  upCommand,
  downCommand,
  doctorCommand,
  envCommand,
  migrateCommand,
  tokenCommand,
  seedCommand,
  importCommand,
  auditCommand,
  tapCommand,
  replCommand,
  eventCommand,
  seatCommand,
  bookingCommand,
  whyCommand,
  sweepCommand,
  lagCommand,
  dlqCommand,
  outboxCommand,
];

/** The doctor lists what is wrong with the settings, among other things; what runs can be ended whatever they are. */
const WITH_ANY_SETTINGS = ["doctor", "down"];

/** Ours says what a wrong argument is, and how a right one looks. */
const COMMANDER_BEGINS = /^error: (command-argument value '.*' is invalid for argument '[^']*'\. )?/s;

const codes = EXIT_CODES.map(({ code, means }) => `  ${String(code).padEnd(4)} ${means}`);
const eventix = new Command("eventix")
  .description("Runs and inspects Eventix, the seat-booking engine.")
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(COMMANDER_BEGINS, "eventix: ")) })
  .showHelpAfterError("Its commands: npx eventix --help")
  .addHelpText("after", `\nExit codes:\n${codes.join("\n")}`);
eventix.hook("preAction", async (_, command) => {
  if (!WITH_ANY_SETTINGS.includes(command.name())) await nodeSettings(process.env);
  await unfoldSecrets(process.env);
});
for (const make of COMMANDS) {
  const command = make().copyInheritedSettings(eventix);
  eventix.addCommand(command.showHelpAfterError(`How it is used: npx eventix ${command.name()} --help`));
  for (const sub of command.commands) sub.copyInheritedSettings(command);
}

// Whoever read the output may have seen enough, or the terminal is gone: a command then goes on to its end without it.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code !== "EPIPE" && code !== "EIO") process.exitCode = EXIT.failed;
  });
}

try {
  await eventix.parseAsync();
} catch (error) {
  process.exitCode = tell(error);
}
