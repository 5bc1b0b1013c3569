import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { killServer, loseReplies } from "../blows.ts";
import type { Fault } from "../fault.ts";

/**
 * Seat locks matter where two actors serve one event: in halves of a cluster that do not know of each other. Nothing is sold wrong
 * without them, so sweeps go on as well.
 */
const CONTENDED = { apart: ["b", "c"], sparesSweeps: true } as const;

export const REDIS_FAULTS: readonly Fault[] = [
  {
    name: "redis-stopped",
    what: "Redis is stopped for longer than a lock lives, then goes on",
    ...CONTENDED,
    async strike({ world, random }) {
      world.signal("redis", "SIGSTOP");
      const before = world.redis.bytes.up;
      await sleep(random.between(3_200, 4_500));
      const asked = world.redis.bytes.up - before;
      world.signal("redis", "SIGCONT");
      return asked > 0;
    },
  },
  {
    name: "redis-killed",
    what: "Redis is killed and comes back empty",
    ...CONTENDED,
    strike: (stage) => killServer(stage, "redis", [100, 1_500]),
  },
  {
    name: "redis-flushed",
    what: "all locks vanish, again and again",
    ...CONTENDED,
    async strike({ world, random }) {
      const redis = new Redis(world.env.REDIS_URL as string, { maxRetriesPerRequest: 0 });
      redis.on("error", () => {});
      let vanished = 0;
      for (let n = 0; n < 25; n++) {
        // Another fault may have taken it away just now.
        const [size] =
          (await redis
            .multi()
            .dbsize()
            .flushall()
            .exec()
            .catch(() => null)) ?? [];
        vanished += Number(size?.[1] ?? 0);
        await sleep(random.between(20, 150));
      }
      redis.disconnect();
      return vanished > 0;
    },
  },
  {
    name: "redis-reply-lost",
    what: "Redis takes locks and its answers are lost",
    ...CONTENDED,
    strike: (stage) => loseReplies(stage, stage.world.redis, [50, 500]),
  },
  {
    name: "redis-down",
    what: "no Redis for the whole run",
    ...CONTENDED,
    fromStart: true,
    async strike({ world }) {
      await world.redis.refuse(true);
      return world.redis.cut() > 0;
    },
  },
];
