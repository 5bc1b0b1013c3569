import { EXIT } from "../exit-codes.ts";
import type { AuditReport, InvariantReport } from "./audit.ts";
import type { Finding } from "./finding.ts";

/** Findings that are written out for each invariant. */
const SHOWN = 20;

/** 0: everything holds. 1: something is wrong. 2: nothing is known to be wrong, but not everything could be decided. */
export function exitCodeOf(report: AuditReport): number {
  const all = Object.values(report);
  if (all.some(({ wrong }) => wrong > 0)) return EXIT.failed;
  return all.some(({ undecided }) => undecided.length > 0) ? EXIT.undecided : EXIT.done;
}

export const asJson = (report: AuditReport): string => JSON.stringify({ exitCode: exitCodeOf(report), ...report });

/** One line an invariant, then what is wrong and what is undecided. */
export function asText(report: AuditReport): string {
  const lines = Object.entries(report).flatMap(([id, one]) => [
    `${id.padEnd(3)}  ${verdictOf(one).padEnd(9)}  ${one.statement}: ${one.checked} ${one.counted}, ${one.wrong} violations${leftOut(one)}`,
    ...listed("violated", one.violations, one.wrong),
    ...listed("undecided", one.undecided, one.undecided.length),
  ]);
  return `${lines.join("\n")}\n`;
}

const leftOut = ({ tooOld = 0 }: InvariantReport): string =>
  tooOld === 0 ? "" : `; ${tooOld} bookings are older than what the topics keep`;

function verdictOf({ wrong, undecided }: InvariantReport): string {
  if (wrong > 0) return "VIOLATED";
  return undecided.length > 0 ? "undecided" : "ok";
}

function listed(what: string, findings: Finding[], count: number): string[] {
  const shown = findings.slice(0, SHOWN).map(({ subject, problem }) => `     ${what}: ${subject} ${problem}`);
  return count > shown.length ? [...shown, `     and ${count - shown.length} more`] : shown;
}
