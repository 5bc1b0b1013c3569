import { type Letter, type Letters, type Note, nameOf } from "./letter.ts";

/** What else is known of letters. */
export interface Known {
  letters: Letters;
  /** Names of letters whose retry is on its topic. */
  onTopic: ReadonlySet<string>;
  /** `consumer fact-id` of what its consumer has applied. */
  applied: ReadonlySet<string>;
  /** By key, the highest version of event.published on its topic. */
  versions: ReadonlyMap<string, number>;
  /** Before this a topic keeps nothing. */
  keptSince: Date;
}

/** What may become of a letter; only the first two can be published again. */
export type State =
  | "waits"
  | "interrupted"
  | "retried"
  | "applied"
  | "refused again"
  | "repeat"
  | "unreadable"
  | "cut"
  | "outdated"
  | "unknown";

export interface Verdict {
  state: State;
  canRetry: boolean;
  /** Whether there is nothing left to do about it. */
  isDone: boolean;
  /** What is so and what to do, in sentences. */
  says: string;
}

export const appliedKey = (consumer: string, factId: string): string => `${consumer} ${factId}`;

/** What to do about a letter: the first that is so of the table counts. */
export function judge(letter: Letter, known: Known): Verdict {
  const note = known.letters.notes.get(nameOf(letter));
  for (const rule of RULES) {
    const says = rule.says(letter, known, note);
    if (says === undefined) continue;
    return { state: rule.state, canRetry: rule.canRetry ?? false, isDone: rule.isDone ?? false, says };
  }
  throw new TypeError("the last rule is for all letters");
}

interface Rule {
  state: State;
  canRetry?: true;
  isDone?: true;
  /** Undefined where it is not so. */
  says(letter: Letter, known: Known, note: Note | undefined): string | undefined;
}

const RULES: readonly Rule[] = [
  {
    state: "cut",
    says: ({ consumer }) =>
      consumer === undefined
        ? "It cannot be retried: too large for its topic, it was cut. What it was made from is in its service's tables."
        : undefined,
  },
  {
    state: "applied",
    isDone: true,
    says: ({ consumer = "", fact }, { applied }) =>
      fact && applied.has(appliedKey(consumer, fact.id))
        ? `Nothing is left to do: ${consumer} has applied it since.`
        : undefined,
  },
  {
    state: "refused again",
    isDone: true,
    says(letter, { letters }) {
      const again = letters.all.findLast(({ retry }) => retry?.of === nameOf(letter));
      return again && `Its retry was refused again: that is ${again.place} now, which says why.`;
    },
  },
  {
    state: "retried",
    isDone: true,
    says: (letter, { onTopic }, note) =>
      onTopic.has(nameOf(letter))
        ? `${saidBy(note)} It is on its topic again; npx eventix lag shows whether ${letter.consumer} has come so far.`
        : undefined,
  },
  {
    state: "repeat",
    isDone: true,
    says(letter, { letters }) {
      const { topic, consumer, lay } = letter;
      const first = letters.all.find((one) => one.topic === topic && one.consumer === consumer && one.lay === lay);
      return first && first.place !== letter.place
        ? `It is ${first.place} once more: the consumer ended before it had noted how far it was.`
        : undefined;
    },
  },
  {
    state: "unreadable",
    says: ({ trouble }) =>
      trouble === undefined
        ? undefined
        : `It cannot be retried: ${trouble}, so this version of Eventix would refuse it again. Mend whoever published it.`,
  },
  {
    state: "outdated",
    isDone: true,
    says({ key, fact }, { versions }) {
      const newer = fact?.type === "event.published" ? (versions.get(String(key)) ?? 0) : 0;
      return fact?.type === "event.published" && newer > fact.data.version
        ? `Nothing is left to do: version ${newer} of the event has been published since.`
        : undefined;
    },
  },
  {
    state: "unknown",
    says: (letter, { keptSince }, note) =>
      note && note.time < keptSince
        ? `${saidBy(note)} Topics keep no facts of that time, so it cannot be told what came of it: look at ${letter.key}.`
        : undefined,
  },
  {
    state: "interrupted",
    canRetry: true,
    says: (_letter, _known, note) =>
      note && `${note.by} was about to retry it at ${note.time.toISOString()}, and did not: do it again.`,
  },
  {
    state: "waits",
    canRetry: true,
    says: ({ topic, consumer }) =>
      `Mend what it was refused for first. Retried, it goes to ${topic} as it was, and ${consumer} alone looks at it: ` +
      "it is applied once, or refused again as a new dead letter.",
  },
];

const saidBy = (note: Note | undefined): string =>
  note ? `${note.by} retried it at ${note.time.toISOString()}.` : "It was retried.";
