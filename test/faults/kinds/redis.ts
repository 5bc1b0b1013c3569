import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { killServer, loseReplies } from "../blows.ts";
import type { Fault } from "../fault.ts";

export const REDIS_FAULTS: readonly Fault[] = [
  {
    name: "redis-stopped",
    what: "Redis is stopped for longer than a lock lives, then goes on",
    sparesSweeps: true,
    async strike({ world, random }) {
      world.signal("redis", "SIGSTOP");
      await sleep(random.between(3_200, 4_500));
      world.signal("redis", "SIGCONT");
    },
  },
  {
    name: "redis-killed",
    what: "Redis is killed and comes back empty",
    sparesSweeps: true,
    strike: (stage) => killServer(stage, "redis", [100, 1_500]),
  },
  {
    name: "redis-flushed",
    what: "all locks vanish, again and again",
    sparesSweeps: true,
    async strike({ world, random }) {
      const redis = new Redis(world.env.REDIS_URL as string, { maxRetriesPerRequest: 0 });
      redis.on("error", () => {});
      for (let n = 0; n < 25; n++) {
        await redis.flushall().catch(() => {});
        await sleep(random.between(20, 150));
      }
      redis.disconnect();
    },
  },
  {
    name: "redis-reply-lost",
    what: "Redis takes locks and its answers are lost",
    sparesSweeps: true,
    strike: (stage) => loseReplies(stage, stage.world.redis, [50, 500]),
  },
  {
    name: "redis-down",
    what: "no Redis for the whole run",
    sparesSweeps: true,
    fromStart: true,
    async strike({ world }) {
      await world.redis.refuse(true);
      world.redis.cut();
    },
  },
];
