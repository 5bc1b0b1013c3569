import type { Admin } from "kafkajs";

/** A partition of which a group has not consumed all. */
export interface Lag {
  groupId: string;
  topic: string;
  partition: number;
  /** The offset it reads next; -1 when it has committed none. */
  offset: number;
  end: number;
}

/** The names of all groups of our consumers. */
export const OUR_GROUPS = /^eventix\.(booking|payment)\./;

export async function groupsLike(admin: Admin, wanted: RegExp): Promise<string[]> {
  const { groups } = await admin.listGroups();
  return groups.map(({ groupId }) => groupId).filter((id) => wanted.test(id));
}

/** Where these groups are behind. */
export async function lagsOf(admin: Admin, groupIds: readonly string[]): Promise<Lag[]> {
  const lags: Lag[] = [];
  for (const groupId of groupIds) {
    for (const { topic, partitions } of await admin.fetchOffsets({ groupId })) {
      const ends = new Map((await admin.fetchTopicOffsets(topic)).map((end) => [end.partition, Number(end.high)]));
      for (const { partition, offset } of partitions) {
        const lag = { groupId, topic, partition, offset: Number(offset), end: ends.get(partition) ?? 0 };
        if (Math.max(lag.offset, 0) < lag.end) lags.push(lag);
      }
    }
  }
  return lags;
}
