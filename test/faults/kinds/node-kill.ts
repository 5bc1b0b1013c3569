import { askUntil } from "../ask.ts";
import { killNode, LEADING, nodeOf } from "../blows.ts";
import type { Fault, Stage } from "../fault.ts";

/** A node is back this long after it was killed. */
const DOWN_MS = [300, 1_200] as const;
const SEEN_MS = 2_000;

const GATEWAYS = ["a", "d"] as const;
const BOOKING = ["b", "e"] as const;

/** Nodes by what they do, each killed under load in turn, and back before the next is. */
export const NODE_KILL: Fault = {
  name: "node-kill",
  what: "booking nodes, then gateways, then the node that relays are killed and come back",
  async strike(stage) {
    const kills: boolean[] = [];
    for (const name of [...BOOKING, ...GATEWAYS]) kills.push(await killNode(stage, [name], DOWN_MS));
    kills.push(await killNode(stage, [(await relaying(stage)) ?? BOOKING[0]], DOWN_MS));
    return kills.every((killed) => killed);
  },
  halls: [40, 120, 6_000],
  roles: { a: ["gateway"], b: ["booking"], c: ["catalog", "payment"], d: ["gateway"], e: ["booking"] },
  long: true,
};

/** A node that is seen to lead booking's relay: mostly the chosen one, since the others seldom look. */
async function relaying({ world }: Stage): Promise<string | undefined> {
  const session = await askUntil<string>(world, "booking", { sql: LEADING, ms: SEEN_MS });
  return session && nodeOf(session);
}
