import { Command } from "commander";
import { kafkaOf } from "#stack/kafka/topics.ts";
import { stackEnvironment } from "#stack/stack.ts";
import { audit } from "../audit/audit.ts";
import { asJson, asText, exitCodeOf } from "../audit/report.ts";
import { providerIn } from "../audit/webhook-book.ts";
import { EXIT } from "../exit-codes.ts";
import { sentenceFor } from "../failure.ts";
import { spanMs } from "../span.ts";

const SETTLE_MS = 10_000;

const HELP = `
Looks at the running system and changes nothing. What is on its way between databases and topics is waited for.

Exit codes:
  0  everything holds
  1  something is violated
  2  something could not be decided or read`;

export const auditCommand = (): Command =>
  new Command("audit")
    .description("Check that no seat is sold twice, and that money, bookings and their facts agree.")
    .option("--settle <span>", "how long what is on its way may take, as 30s", spanMs, SETTLE_MS)
    .option("--json", "print one JSON object")
    .addHelpText("after", HELP)
    .action(async ({ json, settle }: { json?: true; settle: number }) => {
      try {
        const env = stackEnvironment() as Record<string, string>;
        const report = await audit({
          bookingUrl: env.DATABASE_URL_BOOKING ?? "",
          paymentUrl: env.DATABASE_URL_PAYMENT ?? "",
          kafka: kafkaOf({ ...process.env, ...env }),
          provider: providerIn({ ...process.env, ...env }),
          settleMs: settle,
        });
        process.stdout.write(json ? `${asJson(report)}\n` : asText(report));
        process.exitCode = exitCodeOf(report);
      } catch (error) {
        const why = sentenceFor(error as Error) ?? (error as Error).message;
        process.stderr.write(`eventix: the audit could not read everything: ${why}\n`);
        process.exitCode = EXIT.undecided;
      }
    });
