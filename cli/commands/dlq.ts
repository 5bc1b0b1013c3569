import { Command, InvalidArgumentError } from "commander";
import { UsageError } from "#stack/stack-error.ts";
import { dlqServers, listLetters, retryLetters, showLetter } from "../dlq/dlq.ts";
import { FACT_TOPICS } from "../dlq/letter.ts";
import { EXIT } from "../exit-codes.ts";
import type { Answer, Argument } from "../inspect/inspection.ts";
import { operator } from "../inspect/operator.ts";
import { spanMs } from "../span.ts";

const LIMIT = 100;

/** A topic of facts; its dead letters' name means the same. */
export const topicArgument: Argument = {
  name: "topic",
  parse(value) {
    const topic = value.replace(/\.dlq$/, "");
    if (FACT_TOPICS.some((name) => name === topic)) return topic;
    throw new InvalidArgumentError(`The topics are ${FACT_TOPICS.join(", ")}.`);
  },
};

export const placeArgument: Argument = {
  name: "partition:offset",
  parse(value) {
    if (/^\d{1,9}:\d{1,18}$/.test(value)) return value;
    throw new InvalidArgumentError(`A place looks like 0:17, as npx eventix dlq list shows it, not like "${value}".`);
  },
};

const places = (value: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  placeArgument.parse(value),
];

function limit(value: string): number {
  if (/^\d{1,6}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("Write a number: 100.");
}

const HELP = `
A dead letter is a record that a consumer would never apply. Once what it was refused for is mended, retry publishes it again as
it was, and that consumer alone looks at it. A letter is published again once, however often the command is run; refused again it
is a new letter.`;

export const dlqCommand = (): Command =>
  new Command("dlq")
    .description("List dead letters, look at one, and have them applied after a repair.")
    .addHelpText("after", HELP)
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(retryCommand());

const listCommand = (): Command =>
  new Command("list")
    .description("A line for each dead letter, the oldest first.")
    .argument("[topic]", "only of this topic", topicArgument.parse)
    .option("--since <span>", "only what was refused since then: 90s, 10m, 2h, 1d", spanMs)
    .option("--limit <number>", "at most so many, the newest", limit, LIMIT)
    .option("--json", "print one JSON object")
    .action(async (topic: string | undefined, { since, limit, json }: ListOptions) => {
      const wish = { topics: topic === undefined ? undefined : [topic], sinceMs: since, limit };
      print(await listLetters(dlqServers(), wish), json);
    });

interface ListOptions {
  since?: number;
  limit: number;
  json?: true;
}

const showCommand = (): Command =>
  new Command("show")
    .description("One dead letter: what it holds, why it was refused, and what a retry would do.")
    .argument("<topic>", "of the fact", topicArgument.parse)
    .argument("<partition:offset>", "its place, as list shows it", placeArgument.parse)
    .option("--json", "print one JSON object")
    .action(async (topic: string, place: string, { json }: { json?: true }) =>
      print(await showLetter(dlqServers(), topic, place), json),
    );

const retryCommand = (): Command =>
  new Command("retry")
    .description("Publish dead letters again, for the consumer that refused them.")
    .argument("[topic]", "of the facts; all topics with --all", topicArgument.parse)
    .argument("[partition:offset...]", "their places, as list shows them", places)
    .option("--all", "all that can be")
    .option("--reason <text>", "with --all: only those whose reason holds this text")
    .option("--dry-run", "say what would be done, and do nothing")
    .action(async (topic: string | undefined, places: string[] = [], options: RetryOptions) => {
      const { all, reason, dryRun } = options;
      if (all ? places.length > 0 : places.length === 0 || reason !== undefined) {
        throw new UsageError(
          "Name a topic and the places of its letters, or write --all, alone or with --reason: npx eventix dlq retry --help",
        );
      }
      const failed = await retryLetters(dlqServers(), {
        by: operator("cli").id,
        topics: topic === undefined ? FACT_TOPICS : [topic],
        places: all ? undefined : places,
        ...{ reason, dryRun: dryRun === true },
        say: (line) => process.stdout.write(`${line}\n`),
      });
      if (failed > 0) process.exitCode = EXIT.failed;
    });

interface RetryOptions {
  all?: true;
  reason?: string;
  dryRun?: true;
}

function print({ json, text }: Answer, asJson: true | undefined): void {
  process.stdout.write(asJson ? `${JSON.stringify(json)}\n` : text);
}
