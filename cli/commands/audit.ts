import { Command } from "commander";
import { stackEnvironment } from "#stack/stack.ts";
import { audit } from "../audit/audit.ts";
import { asJson, asText, exitCodeOf } from "../audit/report.ts";
import { EXIT } from "../exit-codes.ts";
import { sentenceFor } from "../failure.ts";

const HELP = `
Looks at the running system and changes nothing. What is on its way between the databases is waited for, up to ten seconds.

Exit codes:
  0  everything holds
  1  something is violated
  2  something could not be decided or read`;

export const auditCommand = (): Command =>
  new Command("audit")
    .description("Check that no seat is sold twice and money and bookings agree.")
    .option("--json", "print one JSON object")
    .addHelpText("after", HELP)
    .action(async ({ json }: { json?: true }) => {
      try {
        const env = stackEnvironment() as Record<string, string>;
        const report = await audit({
          bookingUrl: env.DATABASE_URL_BOOKING ?? "",
          paymentUrl: env.DATABASE_URL_PAYMENT ?? "",
          kafkaBrokers: (env.KAFKA_BROKERS ?? "").split(","),
        });
        process.stdout.write(json ? `${asJson(report)}\n` : asText(report));
        process.exitCode = exitCodeOf(report);
      } catch (error) {
        const why = sentenceFor(error as Error) ?? (error as Error).message;
        process.stderr.write(`eventix: the audit could not read everything: ${why}\n`);
        process.exitCode = EXIT.undecided;
      }
    });
