import { setTimeout as sleep } from "node:timers/promises";
import { createPool } from "#mixins/database.mixin.ts";
import { retryWaitMs } from "#mixins/retryable.ts";
import { sweepDue } from "../../services/booking/booking-sweep.ts";
import type { World } from "./world.ts";

const CHUNK = 50;

/**
 * So many sweepers beside those of the nodes expire what is due, all at once, for so long; what fails under a fault, and may pass,
 * fails. Resolves with how many bookings each of them expired.
 */
export async function sweepersOn(world: World, count: number, ms: number): Promise<number[]> {
  const pool = createPool(world.url("booking"), "eventix-faults", count);
  pool.on("error", () => {});
  const end = Date.now() + ms;
  try {
    return await Promise.all(
      Array.from({ length: count }, async () => {
        let expired = 0;
        for (; Date.now() < end; await sleep(2)) {
          try {
            expired += (await sweepDue(pool, { limit: CHUNK })).expired;
          } catch (error) {
            if (retryWaitMs(error) === undefined) throw error;
          }
        }
        return expired;
      }),
    );
  } finally {
    await pool.end();
  }
}
