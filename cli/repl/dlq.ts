import { StackError } from "#stack/stack-error.ts";
import { placeArgument, topicArgument } from "../commands/dlq.ts";
import { dlqServers, listLetters, retryLetters, showLetter } from "../dlq/dlq.ts";
import type { Inspection } from "../inspect/inspection.ts";

const LIMIT = 50;

/** `eventix dlq list` without leaving the REPL. */
const list: Inspection = {
  name: "dlq",
  description: "List the newest dead letters.",
  arguments: [],
  services: [],
  run: () => listLetters(dlqServers(), { limit: LIMIT }),
};

/** `eventix dlq show`. */
const show: Inspection = {
  name: "dlq-show",
  description: "Show a dead letter, and what a retry would do.",
  arguments: [topicArgument, placeArgument],
  services: [],
  run: (_cluster, topic = "", place = "") => showLetter(dlqServers(), topic, place),
};

/** `eventix dlq retry` of one letter, as whoever the REPL acts. */
const retry: Inspection = {
  name: "dlq-retry",
  description: "Publish a dead letter again, after a repair.",
  arguments: [topicArgument, placeArgument],
  services: [],
  async run({ caller: { id, scopes } }, topic = "", place = "") {
    if (!scopes.includes("ops:write")) {
      throw new StackError(`${id} may not retry: it has the scopes ${scopes.join(", ") || "(none)"}`);
    }
    const lines: string[] = [];
    await retryLetters(dlqServers(), { by: id, topics: [topic], places: [place], say: (line) => lines.push(line) });
    return { json: { lines }, text: `${lines.join("\n")}\n` };
  },
};

export const dlqInspections: readonly Inspection[] = [list, show, retry];
