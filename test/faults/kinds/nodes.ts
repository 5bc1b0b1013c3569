import { setTimeout as sleep } from "node:timers/promises";
import { killInMidst, killNode } from "../blows.ts";
import { layOutDue, untilNoneDue } from "../due-holds.ts";
import type { Fault, Stage } from "../fault.ts";
import { sweepersOn } from "../sweepers.ts";

const DOWN_MS = [100, 1_200] as const;
const SWEEPERS = 8;

const granted = ({ history }: Pick<Stage, "history">) =>
  history.ofKind("hold").filter(({ outcome }) => outcome === "ok");

export const NODE_FAULTS: readonly Fault[] = [
  {
    name: "node-killed",
    what: "any node is killed, twice",
    async strike(stage) {
      const first = await killNode(stage, ["a", "b", "c"], DOWN_MS);
      return (await killNode(stage, ["a", "b", "c"], DOWN_MS)) || first;
    },
  },
  {
    name: "gateway-killed",
    what: "a gateway is killed with keyed requests in it",
    async strike({ world, random, keyedIn }) {
      const node = world.nodes.get(random.pick(["a", "b"]));
      const isIn = () => (keyedIn.get(node?.url ?? "") ?? 0) > 0;
      for (const end = Date.now() + 1_000; !isIn() && Date.now() < end; ) await sleep(1);
      const bit = isIn() && node?.isRunning;
      await node?.killed();
      await sleep(random.between(...DOWN_MS));
      await node?.start();
      return bit ?? false;
    },
  },
  {
    name: "node-left",
    what: "a node leaves as it is told, and comes back",
    async strike({ world, random }) {
      const node = world.nodes.get(random.pick(["a", "b", "c"]));
      const wasThere = node?.isRunning ?? false;
      await node?.stop();
      await sleep(random.between(100, 1_000));
      await node?.start();
      return wasThere;
    },
  },
  {
    name: "shards-move",
    what: "the events' actors move from node to node and back, in turn",
    async strike(stage) {
      const { world, random } = stage;
      let moved = 0;
      for (const name of ["a", "b"]) {
        await world.nodes.get(name)?.stop();
        const before = granted(stage).length;
        await sleep(random.between(200, 800));
        moved += granted(stage).length - before;
        await world.nodes.get(name)?.start();
      }
      return moved > 0;
    },
  },
  {
    name: "cluster-split",
    what: "two halves of the cluster do not know of each other, and each has an actor for every event",
    sparesSweeps: true,
    apart: ["b", "c"],
    strike: async (stage) => () => isSoldByBoth(stage),
  },
  {
    name: "split-without-locks",
    what: "the same, without locks in Redis: only Postgres is left to decide",
    sparesSweeps: true,
    apart: ["b", "c"],
    settings: { SEAT_LOCKS: "off" },
    strike: async (stage) => () => isSoldByBoth(stage),
  },
  {
    name: "sweepers-raced",
    what: "eight sweepers expire 10,000 holds that are due, beside those of the nodes",
    async strike({ world }) {
      const eventId = await layOutDue(world);
      const expired = await sweepersOn(world, SWEEPERS, 4_000);
      await untilNoneDue(world, eventId);
      return expired.filter((n) => n > 0).length === SWEEPERS;
    },
  },
  {
    name: "sweeper-killed",
    what: "the nodes that sweep are killed in the midst of it",
    // Hardly anybody pays, so that nearly all runs out.
    settings: { PAYMENT_NEVER_RATE: "0.9" },
    holdSeconds: 1,
    strike: (stage) =>
      killInMidst(stage, { slowMs: 80, sql: SWEEPING, withinMs: 3_000, downMs: [100, 800], and: ["a", "b"] }),
  },
];

/** Sessions that have locked what is due and are not at the end yet. */
const SWEEPING = `
  select application_name from pg_stat_activity
  where application_name like 'eventix-booking@%' and xact_start is not null and query ~ 'expires_at <= .*skip locked' limit 1`;

/** Whether both gateways, and so both actors, granted seats of the event that most want. */
function isSoldByBoth({ world, halls, history }: Pick<Stage, "world" | "halls" | "history">): boolean {
  const own = granted({ history }).filter(({ eventId }) => eventId === halls[0]?.eventId);
  return world.urls.every((url) => own.some(({ via }) => via === url));
}
