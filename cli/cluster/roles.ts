import { UsageError } from "#stack/stack-error.ts";

export const ROLES = ["gateway", "booking", "catalog", "payment"] as const;
/** The one service of a node. */
export type Role = (typeof ROLES)[number];
/** How many nodes of each role. */
export type Counts = Readonly<Record<Role, number>>;

/** Whoever asks leaves before those who are asked, so that no request is refused; those of a row at once. */
export const LEAVING: readonly (readonly Role[])[] = [["gateway"], ["booking"], ["payment", "catalog"]];

/** Each node opens some twelve connections to a Postgres that takes 300. */
export const NODES_MAX = 20;

/** Throws UsageError when there are more than the servers bear. */
export function checkCounts(counts: Counts): void {
  const all = ROLES.reduce((sum, role) => sum + counts[role], 0);
  if (all > NODES_MAX) {
    throw new UsageError(`These are ${all} nodes, and one machine runs at most ${NODES_MAX}: ask for fewer.`);
  }
}

/** `booking-1`, `booking-2` and so on, role by role. */
export const placesOf = (counts: Counts): { role: Role; name: string }[] =>
  ROLES.flatMap((role) => Array.from({ length: counts[role] }, (_, n) => ({ role, name: `${role}-${n + 1}` })));
