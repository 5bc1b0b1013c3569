import type { Service, ServiceSchema } from "moleculer";
import type { Pool } from "pg";
import { ScheduleMixin } from "./schedule.mixin.ts";

/** Bounded work that keeps a table from growing for ever, and may be done on several nodes at once. */
type Task = (pool: Pool) => Promise<unknown>;

const EVERY_MS = 60 * 60 * 1000;

/**
 * Does the tasks on `this.pool` when the service starts, and every hour. One that fails is logged and comes again with the next
 * hour: the service does not depend on it. List it before DatabaseMixin, and after what is to find its work done.
 */
export function UpkeepMixin({ service, tasks }: { service: string; tasks: readonly Task[] }): Partial<ServiceSchema> {
  async function run({ pool, logger }: Service & { pool?: Pool }): Promise<void> {
    for (const task of tasks) {
      await task(pool as Pool).catch((error: Error) => logger.warn(`${task.name} failed: ${error.message}`));
    }
  }
  return {
    mixins: [ScheduleMixin({ name: `${service}.upkeep`, everyMs: EVERY_MS, run })],
    started() {
      return run(this as unknown as Service);
    },
  };
}
