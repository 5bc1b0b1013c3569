import type { AuditReport } from "./audit.ts";
import type { Finding } from "./finding.ts";

export type Standing = "violated" | "undecided";
export type Change = Standing | "settled";

/** What is not as it should be, by what it is about. */
export type Findings = ReadonlyMap<
  string,
  { finding: Pick<Finding, "invariant" | "subject" | "problem">; is: Standing }
>;

export interface Changed {
  change: Change;
  finding: Pick<Finding, "invariant" | "subject" | "problem">;
}

export function findingsOf(report: AuditReport): Findings {
  const all = Object.values(report).flatMap(({ violations, undecided }) => [
    ...undecided.map((finding) => ({ finding, is: "undecided" as const })),
    ...violations.map((finding) => ({ finding, is: "violated" as const })),
  ]);
  const unnamed = Object.entries(report).flatMap(([id, { wrong, violations }]) => {
    if (wrong <= violations.length) return [];
    const finding = {
      invariant: id as Finding["invariant"],
      subject: `${wrong - violations.length} more`,
      problem: "",
    };
    return [{ finding, is: "violated" as const }];
  });
  return new Map([...all, ...unnamed].map((one) => [keyOf(one.finding), one]));
}

/** What came, what was decided, and what is no more. */
export function changesBetween(before: Findings, now: Findings): Changed[] {
  const came = [...now].flatMap(([key, { finding, is }]): Changed[] =>
    before.get(key)?.is === is ? [] : [{ change: is, finding }],
  );
  const gone = [...before].flatMap(([key, { finding }]): Changed[] =>
    now.has(key) ? [] : [{ change: "settled", finding }],
  );
  return [...came, ...gone];
}

const keyOf = ({ invariant, subject, problem }: Changed["finding"]): string => [invariant, subject, problem].join("\n");
