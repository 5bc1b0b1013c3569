import { setTimeout as sleep } from "node:timers/promises";
import { createPool } from "#mixins/database.mixin.ts";
import { sweepDue } from "../../services/booking/booking-sweep.ts";
import type { World } from "./world.ts";

const CHUNK = 50;

/** So many sweepers beside those of the nodes expire what is due, all at once, for so long; what fails under a fault fails. */
export async function sweepersOn(world: World, count: number, ms: number): Promise<void> {
  const pool = createPool(world.url("booking"), "eventix-faults", count);
  pool.on("error", () => {});
  const end = Date.now() + ms;
  await Promise.all(
    Array.from({ length: count }, async () => {
      while (Date.now() < end) {
        await sweepDue(pool, { limit: CHUNK }).catch(() => {});
        await sleep(2);
      }
    }),
  );
  await pool.end();
}
