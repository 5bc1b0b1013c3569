import { setImmediate } from "node:timers/promises";

/** Runs the steps, letting others have a turn between them. */
export async function finishInTurns<T>(steps: Generator<void, T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await setImmediate();
  }
}
