import type { Service, ServiceBroker } from "moleculer";
import type { GatewayResponse, IncomingRequest } from "moleculer-web";
import { type HealthPart, healthOf } from "#broker/node-health.ts";
import { serviceCaller } from "#contracts/caller.ts";
import { EventixError } from "#contracts/errors.ts";
import type { ClusterHealth, NodeHealth } from "#contracts/health.ts";
import { ENDPOINTS } from "./routes.ts";
import { sendJson } from "./success.ts";

/** What a node tells is at hand; one that takes longer is silent. */
const NODE_MS = 1_000;
/** Whoever asks within this time of another gets the same answer: /health is public, and must stay cheap. */
const SHARED_MS = 1_000;
const NEEDED = [...new Set(ENDPOINTS.map(({ action }) => action.split(".")[0] as string))];

type HealthService = Service & { clusterHealth: ClusterHealthView };

/** The addresses of probes: alive as long as the process answers; ready while it has all that it needs. */
export const HEALTH_ALIASES = {
  "GET /health": alias(({ clusterHealth }) => clusterHealth.tell()),
  "GET /health/live": alias(async () => ({ status: "ok" })),
  "GET /health/ready": alias(async ({ broker }) => {
    const reasons = healthOf(broker).hindrances();
    if (reasons.length > 0) throw new EventixError("SERVICE_UNAVAILABLE", { reasons });
    return { status: "ok" };
  }),
};

function alias(report: (service: HealthService) => Promise<object>) {
  return async function answerProbe(this: Service, _req: IncomingRequest, res: GatewayResponse): Promise<void> {
    const data = await report(this as HealthService);
    res.setHeader("cache-control", "no-store");
    sendJson(res, 200, { success: true, data });
  };
}

/** A gateway is ready while some node offers each service that a route calls. */
export class ServicesOffered implements HealthPart {
  readonly #broker: ServiceBroker;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  hindrance(): string | undefined {
    const seen = servicesSeen(this.#broker);
    const missing = NEEDED.filter((name) => !seen[name]);
    return missing.length > 0 ? `no node offers ${missing.join(", ")}` : undefined;
  }
}

/** What a gateway sees of the cluster: it asks every node at once, and once a second at most. */
export class ClusterHealthView {
  readonly #broker: ServiceBroker;
  #told: { at: number; health: Promise<ClusterHealth> } | undefined;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  tell(): Promise<ClusterHealth> {
    const now = performance.now();
    if (!this.#told || now - this.#told.at > SHARED_MS) this.#told = { at: now, health: this.#ask() };
    return this.#told.health;
  }

  async #ask(): Promise<ClusterHealth> {
    const services = servicesSeen(this.#broker);
    const nodes: NodeHealth[] = [];
    const silent: string[] = [];
    const asked = [...healthActions(this.#broker)].map(([nodeID, action]) =>
      this.#askNode(nodeID, action).then(
        (health) => nodes.push(health),
        () => silent.push(nodeID),
      ),
    );
    await Promise.all(asked);
    const isWell =
      Object.values(services).every(Boolean) &&
      silent.length === 0 &&
      nodes.every(({ ready, consumers }) => ready && consumers.every(({ stuckOn }) => stuckOn === null));
    return {
      status: isWell ? "ok" : "degraded",
      uptimeSeconds: Math.floor(process.uptime()),
      services,
      nodes: nodes.sort((a, b) => a.nodeId.localeCompare(b.nodeId)),
      silent: silent.sort(),
    };
  }

  #askNode(nodeID: string, action: string): Promise<NodeHealth> {
    return this.#broker.call(action, {}, { nodeID, timeout: NODE_MS, meta: { user: serviceCaller("gateway") } });
  }
}

/** One action a node that tells the health of all of it. */
function healthActions({ registry }: ServiceBroker): Map<string, string> {
  // Moleculer's types leave out what `withActions` asks for.
  type Listed = { name: string; nodeID: string; actions?: Record<string, unknown> };
  const services = registry.getServiceList({ onlyAvailable: true, skipInternal: true, withActions: true }) as Listed[];
  const telling = services.filter(({ name, actions = {} }) => `${name}.health` in actions);
  return new Map(telling.map(({ nodeID, name }) => [nodeID, `${name}.health`]));
}

function servicesSeen({ registry }: ServiceBroker): Record<string, boolean> {
  const offered = new Set(registry.getServiceList({ onlyAvailable: true }).map(({ name }) => name));
  return Object.fromEntries(NEEDED.map((name) => [name, offered.has(name)]));
}
