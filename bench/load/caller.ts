import { ServiceBroker } from "moleculer";
import { brokerOptions } from "#broker/broker.options.ts";
import { config } from "#config";

/** Calls to make with each of these params, `inFlight` at a time, until the time is over. */
export interface CallerJob {
  action: string;
  params: object[];
  inFlight: number;
  seconds: number;
}

/**
 * A node without services that calls the others: `fork(caller.ts)` with a node's environment, wait for "ready", then a CallerJob by
 * IPC, as often as wanted; the answer is how many calls were answered.
 */
const broker = new ServiceBroker(brokerOptions(config));
await broker.start();
process.on("message", async (job: CallerJob) => process.send?.(await run(job)));
process.on("disconnect", async () => {
  await broker.stop();
  process.exit();
});
process.send?.("ready");

async function run({ action, params, inFlight, seconds }: CallerJob): Promise<number> {
  await broker.waitForServices(action.slice(0, action.lastIndexOf(".")), 30_000);
  let asked = 0;
  const end = performance.now() + seconds * 1_000;
  const ask = async (one: object) => {
    for (; performance.now() < end; asked++) await broker.call(action, one);
  };
  await Promise.all(params.flatMap((one) => Array.from({ length: inFlight }, () => ask(one))));
  return asked;
}
