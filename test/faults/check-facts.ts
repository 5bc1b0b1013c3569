import type { Evidence, Violation } from "./checker.ts";
import { nameOf } from "./read-facts.ts";

/** I5, I6: what was committed late is published, and what nobody can apply is a dead letter, each as often as it came. */
export function owedArrived({ owed, arrived }: Evidence): Violation[] {
  const there = Map.groupBy(arrived, nameOf);
  return [...Map.groupBy(owed, nameOf)].flatMap(([name, wanted]) => {
    const found = there.get(name)?.length ?? 0;
    return found < wanted.length
      ? [{ invariant: "I5", problem: `${name} is there ${found} times, not ${wanted.length}` }]
      : [];
  });
}
