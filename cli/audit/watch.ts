import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";
import { EXIT } from "../exit-codes.ts";
import { sentenceFor } from "../failure.ts";
import { type AuditReport, type AuditSources, audit } from "./audit.ts";
import { type Change, type Changed, changesBetween, type Findings, findingsOf } from "./changes.ts";
import { exitCodeOf } from "./report.ts";

interface Watch {
  sources: AuditSources;
  /** From the beginning of an audit to that of the next; one that takes longer is followed at once. */
  everyMs: number;
  signal: AbortSignal;
  json: boolean;
  print: (line: string) => void;
}

const COLOURS: Record<Change, "red" | "yellow" | "green"> = { violated: "red", undecided: "yellow", settled: "green" };

/**
 * Audits until the signal, and prints a line for whatever has changed since the audit before. Resolves with the exit code: that
 * of an audit that had seen all of it, so a violation counts though it has gone since.
 */
export async function watchAudit({ sources, everyMs, signal, json, print }: Watch): Promise<number> {
  let before: Findings = new Map();
  let code: number = EXIT.interrupted;
  let isAway = false;
  let audits = 0;
  const say = (words: string, more: object) => {
    const now = new Date().toISOString();
    print(json ? JSON.stringify({ time: now, ...more }) : `${now.slice(11, 19)}Z  ${words}`);
  };
  const stopped = once(signal, "abort").then(() => undefined);
  while (!signal.aborted) {
    const next = performance.now() + everyMs;
    const report = await Promise.race([audit(sources).catch((error: Error) => error), stopped]);
    if (report === undefined) break;
    if (report instanceof Error) {
      const why = sentenceFor(report) ?? report.message;
      if (!isAway) say(`not everything can be read, trying until it can: ${why}`, { change: "unreadable", why });
      isAway = true;
      code = code === EXIT.failed ? code : EXIT.undecided;
    } else {
      if (isAway) say("everything can be read again", { change: "readable" });
      isAway = false;
      const now = findingsOf(report);
      for (const changed of changesBetween(before, now))
        say(lineOf(changed), { ...changed.finding, change: changed.change });
      if (audits++ === 0) say(firstLine(report, now), { change: "watching", exitCode: exitCodeOf(report) });
      before = now;
      code = code === EXIT.failed ? code : exitCodeOf(report);
    }
    await sleep(Math.max(0, next - performance.now()), undefined, { signal }).catch(() => {});
  }
  return code;
}

function lineOf({ change, finding: { invariant, subject, problem } }: Changed): string {
  return `${styleText(COLOURS[change], change.padEnd(9))}  ${invariant.padEnd(3)}  ${subject} ${problem}`.trimEnd();
}

function firstLine({ I1, I2, I4 }: AuditReport, findings: Findings): string {
  const looked = `${I2.checked} bookings, ${I1.checked} active seats and ${I4.checked} captures were looked at`;
  return `${looked}${findings.size === 0 ? ", and all holds" : ""}; what changes is told, until Ctrl-C`;
}
