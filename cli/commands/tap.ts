import { Command, InvalidArgumentError, Option } from "commander";
import { KAFKA_TOPICS, TOPIC_DEFINITIONS } from "#contracts/topics.ts";
import { eventixHome } from "#stack/home.ts";
import { kafkaOf } from "#stack/kafka/topics.ts";
import { stackEnvironment } from "#stack/stack.ts";
import { id } from "../inspect/inspection.ts";
import { spanMs } from "../span.ts";
import type { Wanted } from "../tap/filter.ts";
import { tap } from "../tap/tap.ts";

interface TapOptions extends Wanted {
  topic: string[];
  fromBeginning?: true;
  from?: number;
  json?: true;
  stats?: true;
}

const HELP = `
Without --topic all facts are shown, and all dead letters (red: what a consumer will never apply, and why).
--json leaves dead letters out, unless their topic is named. Options that are repeated widen, different ones narrow.
Nothing is left behind: it reads beside the services, in no consumer group.`;

export const tapCommand = (): Command =>
  new Command("tap")
    .description("Show facts as they happen, one a line, until Ctrl-C.")
    .option("--topic <name>", "only this topic; may be repeated", oneOfTopics, [])
    .option("--event <id>", "only what is about this event; may be repeated", ids("event"), [])
    .option("--booking <id>", "only what is about this booking; may be repeated", ids("booking"), [])
    .option("--user <id>", "only facts that name this user, which only booking.* do; may be repeated", listed, [])
    .option("--correlation <id>", "only facts with this correlation id; may be repeated", listed, [])
    .option("--from-beginning", "begin with the oldest that is kept")
    .addOption(
      new Option("--from <span>", "begin so long ago: 90s, 10m, 2h, 1d").argParser(spanMs).conflicts("fromBeginning"),
    )
    .option("--json", "print facts as they lie on their topics, one CloudEvent a line")
    .addOption(new Option("--stats", "show counts and rates by topic instead").conflicts("json"))
    .addHelpText("after", HELP)
    .action(async ({ topic, fromBeginning, from, json, stats, ...wanted }: TapOptions) => {
      const env = stackEnvironment(eventixHome(), process.env, ["kafka"]);
      await tap({
        kafka: kafkaOf({ ...process.env, ...env }),
        topics: topic.length > 0 ? [...new Set(topic)] : json ? Object.values(KAFKA_TOPICS) : TOPICS,
        from: fromBeginning ? "beginning" : from === undefined ? "end" : new Date(Date.now() - from),
        wanted,
        show: json ? "json" : stats ? "stats" : "lines",
      });
    });

const TOPICS = TOPIC_DEFINITIONS.map(({ name }) => name);

const listed = (value: string, before: string[]): string[] => [...before, value];

const ids = (what: string) => (value: string, before: string[]) => [...before, id(what).parse(value)];

function oneOfTopics(value: string, before: string[]): string[] {
  if (TOPICS.includes(value)) return [...before, value];
  const names = Object.values(KAFKA_TOPICS).join(", ");
  throw new InvalidArgumentError(`The topics are ${names}; with .dlq at the end, that one's dead letters.`);
}
