import { inspectionCommand } from "../inspect/command.ts";
import type { Inspection } from "../inspect/inspection.ts";

/** A sweep ends by itself after 100,000 bookings. */
const SWEEP_MS = 120_000;

export const sweep: Inspection = {
  name: "sweep",
  description: "Expire all that has run out, now.",
  arguments: [],
  services: ["booking"],
  async run({ ask }) {
    const { expired } = await ask<{ expired: number }>("booking.sweep", {}, { timeoutMs: SWEEP_MS });
    return { json: { expired }, text: expired === 0 ? "Nothing had run out.\n" : `Expired ${expired}.\n` };
  },
};

export const sweepCommand = () => inspectionCommand(sweep);
