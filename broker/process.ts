import { flushCompileCache } from "node:module";
import type { ServiceBroker } from "moleculer";
import type { Logger } from "pino";
import type { Config } from "#config";
import { createLogger } from "./logger.ts";
import { openProbes } from "./probe-server.ts";

/** A node that has not stopped by then is ended; calls in flight get half of it (broker.options.ts). */
export const STOP_WITHIN_MS = 10_000;
/** Ctrl-C reaches a whole process group, and the parent then sends its own signal: both mean one stop. */
const SAME_WISH_MS = 1_000;

/**
 * Makes this process a node: creates and starts it, says `ready` to its parent over IPC, and stops it once, on SIGINT, on
 * SIGTERM or when the parent goes away.
 *
 * Exit codes: 0 stopped cleanly; 1 could not start, or an unhandled error; 2 did not stop in time, or was told twice.
 */
export async function ownProcess(config: Config, create: () => Promise<ServiceBroker>): Promise<void> {
  const logger = createLogger(config).child({ nodeID: config.nodeId });
  let broker: ServiceBroker | undefined;
  let stoppingSince: number | undefined;

  const stop = async (why: string) => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince > SAME_WISH_MS) process.exit(2);
      return;
    }
    stoppingSince = performance.now();
    logger.info({ why }, "Stopping the node.");
    setTimeout(() => {
      logger.error(`The node did not stop within ${STOP_WITHIN_MS} ms: ending it.`);
      process.exit(2);
    }, STOP_WITHIN_MS).unref();
    await broker?.stop();
    process.exit(0);
  };

  process.on("SIGINT", () => stop("SIGINT"));
  process.on("SIGTERM", () => stop("SIGTERM"));
  // A parent that was killed cannot stop us: without this its nodes would run on for ever.
  process.on("disconnect", () => stop("the parent process is gone"));
  process.on("unhandledRejection", (error) => fail(logger, error, "Unhandled rejection"));
  process.on("uncaughtException", (error) => fail(logger, error, "Uncaught exception"));

  try {
    await openProbes(config, () => broker);
    broker = await create();
    await broker.start();
    if (stoppingSince !== undefined) return;
    logger.info({ services: config.services, pid: process.pid }, "Node is ready.");
    process.send?.("ready");
    // Node itself keeps them when a process ends by itself; one that is killed had them too.
    flushCompileCache();
  } catch (error) {
    if (stoppingSince === undefined) fail(logger, error, "The node could not start");
  }
}

function fail(logger: Logger, error: unknown, what: string): never {
  logger.fatal({ err: error }, what);
  process.exit(1);
}
