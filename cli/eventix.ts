#!/usr/bin/env -S node --disable-warning=TimeoutNegativeWarning
import { Command } from "commander";
import { StackError } from "#stack/stack-error.ts";
import { auditCommand } from "./commands/audit.ts";
import { bookingCommand } from "./commands/booking.ts";
import { downCommand } from "./commands/down.ts";
import { envCommand } from "./commands/env.ts";
import { eventCommand } from "./commands/event.ts";
import { importCommand } from "./commands/import.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { nodeCommand } from "./commands/node.ts";
import { replCommand } from "./commands/repl.ts";
import { seatCommand } from "./commands/seat.ts";
import { seedCommand } from "./commands/seed.ts";
import { startCommand } from "./commands/start.ts";
import { sweepCommand } from "./commands/sweep.ts";
import { tokenCommand } from "./commands/token.ts";
import { upCommand } from "./commands/up.ts";
import { whyCommand } from "./commands/why.ts";

const COMMANDS = [
  startCommand,
  nodeCommand,
  upCommand,
  downCommand,
  envCommand,
  migrateCommand,
  tokenCommand,
  seedCommand,
  importCommand,
  auditCommand,
  replCommand,
  eventCommand,
  seatCommand,
  bookingCommand,
  whyCommand,
  sweepCommand,
];

const eventix = new Command("eventix").description("Runs and inspects Eventix, the seat-booking engine.");
for (const command of COMMANDS) eventix.addCommand(command());

try {
  await eventix.parseAsync();
} catch (error) {
  // What a person can mend is said in its own words; anything else is a bug and shows where it is.
  process.stderr.write(error instanceof StackError ? `eventix: ${error.message}\n` : `${(error as Error).stack}\n`);
  process.exitCode = 1;
}
