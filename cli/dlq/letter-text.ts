import { styleText } from "node:util";
import { deadLetterTopic } from "#contracts/topics.ts";
import { fields, instant, table } from "../inspect/text.ts";
import { utcTime } from "../tap/line.ts";
import type { Letter } from "./letter.ts";
import type { State, Verdict } from "./verdict.ts";

export interface Judged {
  letter: Letter;
  verdict: Verdict;
}

const VALUE_MAX = 4_000;
const COLOURS: Partial<Record<State, "green" | "red" | "yellow">> = { applied: "green", waits: "yellow", cut: "red" };

/** A letter as programs are told of it. */
export const letterJson = ({ letter, verdict }: Judged): object => ({
  topic: letter.topic,
  place: letter.place,
  time: letter.time.toISOString(),
  key: letter.key === null ? null : String(letter.key),
  factId: letter.fact?.id ?? null,
  consumer: letter.consumer ?? null,
  reason: letter.reason,
  state: verdict.state,
  canRetry: verdict.canRetry,
});

/** One line a letter, the oldest first, then how many there are. */
export function listText(shown: readonly Judged[], leftOut: number, gaps: readonly string[], now: Date): string {
  const rows = shown.map(({ letter, verdict }) => [
    letter.topic,
    letter.place,
    utcTime(letter.time, now),
    String(letter.key ?? ""),
    letter.consumer ?? "",
    verdict.state,
    letter.reason,
  ]);
  const open = shown.filter(({ verdict }) => !verdict.isDone).length;
  const more = leftOut === 0 ? "" : `${leftOut} older ones are left out: --limit shows more.\n`;
  const next = open === 0 ? "" : `${open} wait for somebody: npx eventix dlq show TOPIC PLACE says what to do.\n`;
  return [
    table(["TOPIC", "PLACE", "WHEN (UTC)", "KEY", "CONSUMER", "STATE", "REASON"], rows, "There are no dead letters."),
    more,
    next,
    gapText(gaps),
  ].join("");
}

export const gapText = (gaps: readonly string[]): string => gaps.map((gap) => `${gap}.\n`).join("");

/** All of a letter, what may be done about it, and by which command. */
export function showText({ letter, verdict }: Judged, gaps: readonly string[]): string {
  const { topic, place, time, key, value, headers, fact, trouble, reason, consumer, lay } = letter;
  const colour = COLOURS[verdict.state];
  const command = verdict.canRetry ? `npx eventix dlq retry ${topic} ${place}\n` : "";
  return [
    `${deadLetterTopic(topic)} ${place}  ${colour ? styleText(colour, verdict.state) : verdict.state}\n`,
    fields({
      refused: instant(time.toISOString()),
      by: consumer ?? null,
      "it lay at": lay === undefined ? null : `${topic}/${lay}`,
      key: key === null ? null : String(key),
      fact: fact?.id ?? null,
      correlation: fact?.correlationid ?? null,
    }),
    `\nREASON\n${clean(reason)}\n`,
    ...(trouble !== undefined && trouble !== reason ? [`It is no fact: ${clean(trouble)}\n`] : []),
    `\nHEADERS\n${fields(headers)}`,
    `\nVALUE (${value?.length ?? 0} bytes)\n${valueText(value)}\n`,
    `\n${verdict.says}\n${command}`,
    gapText(gaps),
  ].join("");
}

/** JSON set out in lines; anything else as text, if it is one. */
export function valueText(value: Buffer | null): string {
  if (value === null) return "(none)";
  const text = String(value);
  let shown = text;
  try {
    shown = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    if (text.includes("\ufffd")) shown = value.toString("hex");
  }
  const cut = shown.length > VALUE_MAX ? `${shown.slice(0, VALUE_MAX)}…` : shown;
  return cut.split("\n").map(clean).join("\n");
}

/** What others have written may hold characters that move a terminal's cursor. */
const clean = (text: string): string => text.replace(/\p{Cc}/gu, "?");
