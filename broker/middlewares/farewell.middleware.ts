import { randomUUID } from "node:crypto";
import type { Middleware, ServiceBroker } from "moleculer";

/** Whoever has not answered by then is as good as gone. */
const WITHIN_MS = 1_000;

interface Packet {
  type: string;
  target?: string | null;
  payload: { services?: unknown[] };
}
type Send = (topic: string, data: Buffer, meta: { packet: Packet }) => Promise<void>;

/**
 * Lets a node that stops fail no call. It goes on to work when it has told the others that it offers nothing any more, until
 * they have read that and their calls of before have arrived; and it leaves when they have read its answers. Both show by
 * pings: packets of one node to another keep their order on a topic, so that an answered ping has overtaken nothing.
 * Moleculer itself waits for a time instead (registry.stopDelay), and a caller that hears late, or hears of the end before it
 * has read an answer that lies in its inbox, gives the call up.
 */
export function FarewellMiddleware(): Middleware {
  let broker: ServiceBroker;
  return {
    name: "Farewell",
    created(created: ServiceBroker) {
      broker = created;
    },
    transporterSend(next: Send): Send {
      return async (topic, data, meta) => {
        if (meta.packet.type === "DISCONNECT") await untilAnswered(broker, pingEach);
        await next(topic, data, meta);
        if (offersNothing(meta.packet)) await untilAnswered(broker, pingAll);
      };
    },
  } as unknown as Middleware;
}

/** A node that runs offers at least Moleculer's own actions. */
const offersNothing = ({ type, target, payload }: Packet) =>
  type === "INFO" && !target && payload.services?.length === 0;

type Ping = (transit: NonNullable<ServiceBroker["transit"]>, id: string, nodes: Iterable<string>) => void;

/** On the topic that all read, behind what was told to all. */
const pingAll: Ping = (transit, id) => transit.sendPing(undefined as never, id);

/** In the inbox of each, behind what was sent to it. */
const pingEach: Ping = (transit, id, nodes) => {
  for (const node of nodes) transit.sendPing(node, id);
};

/** Resolves when all nodes that are known have answered or have gone. */
async function untilAnswered({ transit, registry, localBus, nodeID }: ServiceBroker, ping: Ping): Promise<void> {
  const known: { id: string }[] = registry.getNodeList({ onlyAvailable: true });
  const silent = new Set(known.map(({ id }) => id).filter((id) => id !== nodeID));
  if (!transit?.tx.connected || silent.size === 0) return;
  const id = randomUUID();
  const { promise, resolve } = Promise.withResolvers<void>();
  const strike = (node: string) => {
    silent.delete(node);
    if (silent.size === 0) resolve();
  };
  const onPong = (pong: { nodeID: string; id: string }) => pong.id === id && strike(pong.nodeID);
  const onGone = ({ node }: { node: { id: string } }) => strike(node.id);
  localBus.on("$node.pong", onPong);
  localBus.on("$node.disconnected", onGone);
  const timer = setTimeout(resolve, WITHIN_MS);
  ping(transit, id, silent);
  await promise;
  clearTimeout(timer);
  localBus.off("$node.pong", onPong);
  localBus.off("$node.disconnected", onGone);
}
