import { once } from "node:events";
import { Command } from "commander";
import { EXIT } from "../exit-codes.ts";
import { Outboxes } from "../outbox/outbox.ts";
import { whenUnread } from "../tap/output.ts";

const REDRAW_MS = 1_000;
/** Where nothing can be drawn anew. */
const REPEAT_MS = 2_000;

const HELP = `
Reads the databases themselves: it also answers while Kafka is away, and without a node. The relay of a database is whichever of
its nodes takes a lock first, anew each round.`;

export const outboxCommand = (): Command =>
  new Command("outbox")
    .description("Show what waits to be published, how fast it leaves, who relays it, and what stops that.")
    .option("--watch", "again and again, until Ctrl-C")
    .option("--json", "print one JSON object; with --watch one a line")
    .addHelpText("after", HELP)
    .action(async ({ watch, json }: { watch?: true; json?: true }) => {
      const outboxes = new Outboxes();
      const print = async (ms?: number) => {
        const answer = await outboxes.look(ms);
        return { ...answer, shown: json ? `${JSON.stringify(answer.json)}\n` : answer.text };
      };
      try {
        if (watch) return await watching(async (ms) => (await print(ms)).shown, json === true);
        const { shown, isWhole } = await print();
        process.stdout.write(shown);
        if (!isWhole) process.exitCode = EXIT.failed;
      } finally {
        await outboxes.close();
        // What kafkajs still waits for would keep the process.
        setImmediate(() => process.exit());
      }
    });

async function watching(look: (ms: number) => Promise<string>, json: boolean): Promise<void> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => stop.abort());
  whenUnread(() => stop.abort());
  const stopped = once(stop.signal, "abort").then(() => undefined);
  const canDraw = process.stdout.isTTY && !json;
  let drawn = 0;
  while (!stop.signal.aborted) {
    const text = await Promise.race([look(canDraw ? REDRAW_MS : REPEAT_MS), stopped]);
    if (text === undefined) break;
    const over = drawn > 0 ? `\x1b[${drawn}A\x1b[0J` : "";
    process.stdout.write(`${over}${text}${canDraw || json ? "" : "\n"}`);
    drawn = canDraw ? text.split("\n").length - 1 : 0;
  }
}
