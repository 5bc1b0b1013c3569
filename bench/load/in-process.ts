import { createNode } from "#broker/node.ts";
import { config } from "#config";

/** Holds to ask for, `inFlight` at a time, until the time is over or all are asked. */
export interface InProcessJob {
  holds: { eventId: string; seatIds: string[]; user: string }[];
  inFlight: number;
  seconds: number;
}

export interface InProcessResult {
  granted: number;
  refused: number;
  /** From the first call to the last answer. */
  seconds: number;
}

/**
 * A node and its buyers in one process, with no HTTP between them: `fork(in-process.ts)` with a node's environment, wait for
 * "ready", then an InProcessJob by IPC, as often as wanted.
 */
const broker = await createNode(config);
await broker.start();
process.on("message", async (job: InProcessJob) => process.send?.(await run(job)));
process.on("disconnect", async () => {
  await broker.stop();
  process.exit();
});
process.send?.("ready");

async function run({ holds, inFlight, seconds }: InProcessJob): Promise<InProcessResult> {
  let [next, granted, refused] = [0, 0, 0];
  const began = performance.now();
  const end = began + seconds * 1_000;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < holds.length && performance.now() < end) {
        const { user, ...params } = holds[next++] as InProcessJob["holds"][number];
        const meta = { user: { id: user, organizer: user, scopes: [] } };
        await broker.call("booking.create", params, { meta }).then(
          () => granted++,
          () => refused++,
        );
      }
    }),
  );
  return { granted, refused, seconds: (performance.now() - began) / 1_000 };
}
