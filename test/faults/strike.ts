import { setTimeout as sleep } from "node:timers/promises";
import type { Evidence, Violation } from "./checker.ts";
import { type Bite, Found, type Stage } from "./fault.ts";
import type { Strike } from "./faults.ts";
import { lostServer } from "./lost.ts";

/** What became of a strike; a fault that met nothing has missed. */
export interface Struck {
  name: string;
  bite: Bite;
  /** Why it could do nothing. */
  why?: string;
}

/** What is counted of it. */
export interface Hit {
  name: string;
  hasBitten: boolean;
  why?: string;
}

/**
 * Lets a fault strike at its time, by a source of chance of its own: what it draws does not depend on how the others come on. It
 * may lose its connection to a server that a fault of this run breaks; whatever else it throws is a violation.
 */
export async function struck(
  stage: Stage,
  { fault, atMs }: Strike,
  strikes: readonly Strike[],
): Promise<Struck | Violation> {
  await sleep(atMs);
  const { name } = fault;
  try {
    return { name, bite: await fault.strike({ ...stage, random: stage.random.fork(name) }) };
  } catch (error) {
    const { message, stack } = error as Error;
    if (error instanceof Found) return { invariant: error.invariant, problem: message };
    const lost = lostServer(error);
    const isExplained = lost !== undefined && strikes.some((strike) => strike.fault.breaks === lost);
    return isExplained ? { name, bite: false, why: message } : { invariant: "fault", problem: `${name}: ${stack}` };
  }
}

export const isViolation = (one: Struck | Violation): one is Violation => "invariant" in one;

/** Which of them bit, by what is seen when all is quiet; without that, those that had to be seen there have not. */
export const hitsOf = (all: readonly Struck[], quiet: Evidence | undefined): Promise<Hit[]> =>
  Promise.all(
    all.map(async ({ bite, ...rest }) => ({
      ...rest,
      hasBitten: typeof bite === "boolean" ? bite : quiet !== undefined && (await bite(quiet)),
    })),
  );
