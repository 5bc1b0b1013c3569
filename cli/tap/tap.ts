import { once } from "node:events";
import { createKafka, type KafkaAccess } from "#broker/kafka.client.ts";
import { FactReader, type FactWish } from "#mixins/fact-reader.ts";
import { within } from "#mixins/within.ts";
import { isWanted, type Wanted } from "./filter.ts";
import { follow } from "./follow.ts";
import { print, whenUnread } from "./output.ts";
import { VIEWS } from "./views.ts";

export interface Tap extends Pick<FactWish, "topics" | "from"> {
  kafka: KafkaAccess;
  wanted: Wanted;
  show: keyof typeof VIEWS;
}

/** A connection that does not close is left to the end of the process. */
const CLOSE_MS = 500;

/** Shows what is published until Ctrl-C, or until nobody reads it any more; then ends the process. */
export async function tap({ kafka, topics, from, wanted, show }: Tap): Promise<void> {
  const stop = new AbortController();
  const { signal } = stop;
  let isRead = true;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => stop.abort());
  whenUnread(() => {
    isRead = false;
    stop.abort();
  });

  const say = (text: string) => process.stderr.write(`eventix: ${text}\n`);
  if (wanted.user.length > 0)
    say("only facts of bookings name their user: those of payments, seats and events are left out.");
  const view = VIEWS[show]((text) => print(text, signal));
  const reader = new FactReader(createKafka({ ...kafka, clientId: "eventix-tap" }), { topics, from });
  const following = follow(reader, {
    signal,
    each: (records) => view.add(records.filter((record) => isWanted(record, wanted))),
    away: (error) => say(`${awayBecause(error, kafka.brokers)}; trying until it does. Ctrl-C ends.`),
    back: () => say("Kafka answers."),
  });
  try {
    await Promise.race([following, once(signal, "abort")]);
    const summary = view.end();
    if (isRead && summary) process.stderr.write(summary);
  } finally {
    await within(CLOSE_MS, reader.close());
    // What kafkajs still waits for would keep the process; what is printed is written by then.
    setImmediate(() => process.exit());
  }
}

function awayBecause({ message }: Error, brokers: readonly string[]): string {
  return /does not host this topic/.test(message)
    ? "Kafka does not have all topics yet (npx eventix up makes them)"
    : `Kafka at ${brokers.join(", ")} does not answer (${message})`;
}
