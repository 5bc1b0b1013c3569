import type { Inspection } from "../inspect/inspection.ts";
import { Outboxes } from "../outbox/outbox.ts";

/** `eventix outbox` without leaving the REPL: it reads the databases themselves, of the stack that is up. */
export const outboxInspection: Inspection = {
  name: "outbox",
  description: "Show what waits to be published.",
  arguments: [],
  services: [],
  async run() {
    const outboxes = new Outboxes();
    try {
      return await outboxes.look();
    } finally {
      await outboxes.close();
    }
  },
};
