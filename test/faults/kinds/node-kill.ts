import { RELAY_MARK } from "#mixins/outbox.repository.ts";
import { connected } from "#stack/postgres/databases.ts";
import { killNode } from "../blows.ts";
import type { Fault, Stage } from "../fault.ts";

/** A node is back this long after it was killed. */
const DOWN_MS = [300, 1_200] as const;

/** Nodes by what they do, each killed under load in turn, and back before the next is. */
export const NODE_KILL: Fault = {
  name: "node-kill",
  what: "booking nodes, then gateways, then the node that relays are killed and come back",
  async strike(stage) {
    const kills: boolean[] = [];
    for (const name of ["a", "b"]) kills.push(await killNode(stage, [name], DOWN_MS));
    for (const name of stage.random.some(["b", "a"], 2)) kills.push(await killNode(stage, [name], DOWN_MS));
    kills.push(await killNode(stage, [(await relaying(stage)) ?? "a"], DOWN_MS));
    return kills.every((killed) => killed);
  },
  halls: [40, 120, 6_000],
  long: true,
};

/** The node that ended a round of booking's relay last. */
async function relaying({ world }: Stage): Promise<string | undefined> {
  const sql = `select substring(application_name from '@([a-z]+)-') as name from pg_stat_activity
    where datname = current_database() and query like '%' || $1 order by state_change desc limit 1`;
  const { rows } = await connected(world.adminUrl("booking"), (client) => client.query(sql, [RELAY_MARK]));
  return rows[0]?.name;
}
