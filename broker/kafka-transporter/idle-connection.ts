import { createRequire } from "node:module";

/** The part of kafkajs's queue of a connection's requests that is used. */
interface RequestQueue {
  /** Requests that wait for others to be answered, or until the broker lets us send again. */
  pending: unknown[];
  /** Looks in a while what of `pending` may be sent, and calls itself then. */
  scheduleCheckPendingRequests(): void;
}

/**
 * Lets a connection of kafkajs sleep while no request waits: by itself it looks for such a thousand times a second for as long as
 * it is open (github.com/tulios/kafkajs/issues/1704, in 2.2.4, the last there is). A request that has to wait is looked for when
 * it comes, and whenever another is answered.
 */
const { prototype } = createRequire(import.meta.url)("kafkajs/src/network/requestQueue/index.js") as {
  prototype: RequestQueue;
};
const lookSoon = prototype.scheduleCheckPendingRequests;
prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0) lookSoon.call(this);
};
