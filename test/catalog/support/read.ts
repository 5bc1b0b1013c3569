import { type PlanOptions, readSeatingPlan } from "../../../services/catalog/seating-plan.ts";

/** Reads a plan to its end without a pause. */
export const read = (plan: unknown, options?: PlanOptions) => finish(readSeatingPlan(plan, options));

/** Runs the steps at once. */
export function finish<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
