import { setTimeout as sleep } from "node:timers/promises";
import { killInMidst, killNode } from "../blows.ts";
import type { Fault } from "../fault.ts";
import { sweepersOn } from "../sweepers.ts";

const DOWN_MS = [100, 1_200] as const;

export const NODE_FAULTS: readonly Fault[] = [
  {
    name: "node-killed",
    what: "any node is killed, twice",
    async strike(stage) {
      for (let n = 0; n < 2; n++) await killNode(stage, ["a", "b", "c"], DOWN_MS);
    },
  },
  {
    name: "gateway-killed",
    what: "a gateway is killed with keyed requests in it",
    strike: (stage) => killNode(stage, ["a", "b"], DOWN_MS),
  },
  {
    name: "node-left",
    what: "a node leaves as it is told, and comes back",
    async strike({ world, random }) {
      const node = world.nodes.get(random.pick(["a", "b", "c"]));
      await node?.stop();
      await sleep(random.between(100, 1_000));
      await node?.start();
    },
  },
  {
    name: "shards-move",
    what: "the events' actors move from node to node and back, in turn",
    async strike({ world, random }) {
      for (const name of ["a", "b"]) {
        await world.nodes.get(name)?.stop();
        await sleep(random.between(200, 800));
        await world.nodes.get(name)?.start();
      }
    },
  },
  {
    name: "cluster-split",
    what: "two halves of the cluster do not know of each other, and each has an actor for every event",
    sparesSweeps: true,
    apart: ["b", "c"],
    strike: async () => {},
  },
  {
    name: "split-without-locks",
    what: "the same, without locks in Redis: only Postgres is left to decide",
    sparesSweeps: true,
    apart: ["b", "c"],
    settings: { SEAT_LOCKS: "off" },
    strike: async () => {},
  },
  {
    name: "sweepers-raced",
    what: "eight sweepers expire what is due, beside those of the nodes",
    strike: ({ world }) => sweepersOn(world, 8, 4_000),
  },
  {
    name: "sweeper-killed",
    what: "a node is killed while it sweeps",
    strike: (stage) => killInMidst(stage, ["a", "b"], { slowMs: 80, afterMs: [500, 1_000], downMs: [100, 800] }),
  },
];
