import { setTimeout as sleep } from "node:timers/promises";
import type { Admin } from "kafkajs";
import { type Finding, sameAs } from "./finding.ts";
import { passHop } from "./hop.ts";
import { type Databases, inspectAgain, type MoneyScan } from "./money.ts";

const LOOK_AGAIN_MS = 200;

export interface Settled {
  violations: Finding[];
  undecided: Finding[];
}

/**
 * Looks at the suspects of a scan again until each is right, wrong or undecided when the time is over.
 *
 * The databases have no common snapshot, and facts take their time between them: a finding is a violation only if it was read
 * twice in the same state and whatever could have changed it between the two has been waited for.
 */
export async function settle(databases: Databases, kafka: Admin, scan: MoneyScan, settleMs: number): Promise<Settled> {
  const deadline = Date.now() + settleMs;
  const violations: Finding[] = [];
  let open = scan.findings;
  while (open.length > 0) {
    await sleep(LOOK_AGAIN_MS);
    const onTheirWay = open.some(({ waitsFor }) => waitsFor === "facts");
    const allApplied = onTheirWay && (await passHop(databases, kafka, deadline));
    const before = open;
    const now = await inspectAgain(databases, scan.suspects);
    const isWrong = (finding: Finding) =>
      (finding.waitsFor === "nothing" || (finding.waitsFor === "facts" && allApplied)) && before.some(sameAs(finding));
    const known = (finding: Finding) => violations.some(sameAs(finding));
    violations.push(...now.filter((finding) => isWrong(finding) && !known(finding)));
    open = now.filter((finding) => !isWrong(finding) && !known(finding));
    if (Date.now() >= deadline) break;
  }
  return { violations, undecided: open };
}
