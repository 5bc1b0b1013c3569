import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import { DrainMiddleware } from "#broker/middlewares/drain.middleware.ts";
import { failureOf } from "./support/cluster.ts";

async function started(...services: object[]): Promise<ServiceBroker> {
  const broker = new ServiceBroker({
    logger: false,
    middlewares: [DrainMiddleware()],
    skipProcessEventRegistration: true,
  });
  for (const service of services) broker.createService(service as ServiceSchema);
  await broker.start();
  return broker;
}

test("what a service still has to do when the node stops is done while all other services run", async () => {
  const done: string[] = [];
  const back = { name: "back", actions: { work: () => done.push("worked") }, stopped: () => done.push("back stopped") };
  const front = {
    name: "front",
    methods: {
      async drain(this: { broker: ServiceBroker }) {
        await sleep(50);
        await this.broker.call("back.work");
      },
    },
  };
  const broker = await started(back, front);
  await broker.stop();
  assert.deepEqual(done, ["worked", "back stopped"]);
});

test("a service that stops takes no more calls: whoever has not heard of it yet is told to come back", async () => {
  let isStopping: () => void = () => undefined;
  const stopping = new Promise<void>((resolve) => {
    isStopping = resolve;
  });
  let finish: () => void = () => undefined;
  const stopped = () => {
    isStopping();
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  };
  const broker = await started({ name: "back", actions: { work: () => "worked" }, stopped });
  assert.equal(await broker.call("back.work"), "worked");
  const end = broker.stop();
  await stopping;
  assert.equal((await failureOf(broker.call("back.work"))).type, "SERVICE_UNAVAILABLE");
  finish();
  await end;
});
