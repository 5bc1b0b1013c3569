import { kafkaOf } from "#stack/kafka/topics.ts";
import { stackEnvironment } from "#stack/stack.ts";
import { StackError } from "#stack/stack-error.ts";
import { audit } from "../audit/audit.ts";
import { asText, exitCodeOf } from "../audit/report.ts";
import { providerIn } from "../audit/webhook-book.ts";
import type { Inspection } from "../inspect/inspection.ts";

/** `eventix audit` without leaving the REPL: it reads the databases themselves, of the stack that is up. */
export const auditInspection: Inspection = {
  name: "audit",
  description: "Check what must hold.",
  arguments: [],
  services: [],
  async run() {
    const env = stackEnvironment();
    try {
      const report = await audit({
        bookingUrl: env.DATABASE_URL_BOOKING ?? "",
        paymentUrl: env.DATABASE_URL_PAYMENT ?? "",
        kafka: kafkaOf({ ...process.env, ...env }),
        provider: providerIn({ ...process.env, ...env }),
      });
      return { json: { exitCode: exitCodeOf(report), ...report }, text: asText(report) };
    } catch (error) {
      throw new StackError(`The audit could not read everything: ${(error as Error).message}`);
    }
  },
};
