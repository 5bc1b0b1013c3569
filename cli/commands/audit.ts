import { Command, Option } from "commander";
import { kafkaOf } from "#stack/kafka/topics.ts";
import { stackEnvironment } from "#stack/stack.ts";
import { type AuditSources, audit } from "../audit/audit.ts";
import { asJson, asText, exitCodeOf } from "../audit/report.ts";
import { watchAudit } from "../audit/watch.ts";
import { providerIn } from "../audit/webhook-book.ts";
import { EXIT } from "../exit-codes.ts";
import { sentenceFor } from "../failure.ts";
import { spanMs } from "../span.ts";
import { whenUnread } from "../tap/output.ts";

const SETTLE_MS = 10_000;

const WATCH_EVERY = "30s";

const HELP = `
Looks at the running system and changes nothing. What is on its way between databases and topics is waited for.
With --watch it does so again and again, and tells only what has changed; a violation counts for the exit code though it has gone
since.

Exit codes:
  0  everything holds
  1  something is violated
  2  something could not be decided or read`;

export const auditCommand = (): Command =>
  new Command("audit")
    .description("Check that no seat is sold twice, and that money, bookings and their facts agree.")
    .option("--settle <span>", "how long what is on its way may take, as 30s", spanMs, SETTLE_MS)
    .addOption(
      new Option("--watch [span]", "again and again until Ctrl-C, one audit in this time")
        .preset(WATCH_EVERY)
        .argParser(spanMs),
    )
    .option("--json", "print one JSON object; with --watch one a line for each change")
    .addHelpText("after", HELP)
    .action(async ({ json, settle, watch }: { json?: true; settle: number; watch?: number }) => {
      try {
        const env = stackEnvironment() as Record<string, string>;
        const sources = {
          bookingUrl: env.DATABASE_URL_BOOKING ?? "",
          paymentUrl: env.DATABASE_URL_PAYMENT ?? "",
          kafka: kafkaOf({ ...process.env, ...env }),
          provider: providerIn({ ...process.env, ...env }),
          settleMs: settle,
        };
        if (watch !== undefined) return await watching(sources, watch, json === true);
        const report = await audit(sources);
        process.stdout.write(json ? `${asJson(report)}\n` : asText(report));
        process.exitCode = exitCodeOf(report);
      } catch (error) {
        const why = sentenceFor(error as Error) ?? (error as Error).message;
        process.stderr.write(`eventix: the audit could not read everything: ${why}\n`);
        process.exitCode = EXIT.undecided;
      }
    });

async function watching(sources: AuditSources, everyMs: number, json: boolean): Promise<void> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => stop.abort());
  whenUnread(() => stop.abort());
  const print = (line: string) => process.stdout.write(`${line}\n`);
  process.exitCode = await watchAudit({ sources, everyMs, signal: stop.signal, json, print });
  // The audit that was under way is left where it is: it has written nothing.
  setImmediate(() => process.exit());
}
