import { AsyncLocalStorage } from "node:async_hooks";

const storage = new AsyncLocalStorage<string>();

/**
 * Runs `work` under a correlation id: log lines carry it, and calls made in it pass it on as ctx.requestID.
 * Actions and events do this by themselves (correlation.middleware.ts); consumers and periodic work call it.
 */
export function withCorrelation<T>(correlationId: string, work: () => T): T {
  return storage.run(correlationId, work);
}

/** The correlation id of the work this code runs for, if any. */
export const currentCorrelation = (): string | undefined => storage.getStore();

/** The same where there may be no id: `work` then runs as it is. */
export const underCorrelation = <T>(correlationId: string | undefined, work: () => T): T =>
  correlationId === undefined ? work() : withCorrelation(correlationId, work);
