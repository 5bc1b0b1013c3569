import type { Service, ServiceBroker } from "moleculer";
import type { GatewayResponse, IncomingRequest } from "moleculer-web";
import { EventixError } from "#contracts/errors.ts";
import { ENDPOINTS } from "./routes.ts";
import { sendJson } from "./success.ts";

type Report = (broker: ServiceBroker) => object;

/** The addresses of probes: alive as long as it answers; ready while every service that a route calls is offered. */
export const HEALTH_ALIASES = {
  "GET /health": alias((broker) => ({
    status: missingServices(broker).length === 0 ? "ok" : "degraded",
    uptimeSeconds: Math.floor(process.uptime()),
    services: servicesSeen(broker),
  })),
  "GET /health/live": alias(() => ({ status: "ok" })),
  "GET /health/ready": alias((broker) => {
    const missing = missingServices(broker);
    if (missing.length > 0) throw new EventixError("SERVICE_UNAVAILABLE", { missing });
    return { status: "ok" };
  }),
};

const NEEDED = [...new Set(ENDPOINTS.map(({ action }) => action.split(".")[0] as string))];

function alias(report: Report) {
  return function answerProbe(this: Service, _req: IncomingRequest, res: GatewayResponse): void {
    const data = report(this.broker);
    res.setHeader("cache-control", "no-store");
    sendJson(res, 200, { success: true, data });
  };
}

function servicesSeen(broker: ServiceBroker): Record<string, boolean> {
  const offered = new Set(broker.registry.getServiceList({ onlyAvailable: true }).map(({ name }) => name));
  return Object.fromEntries(NEEDED.map((name) => [name, offered.has(name)]));
}

const missingServices = (broker: ServiceBroker): string[] =>
  Object.entries(servicesSeen(broker)).flatMap(([name, seen]) => (seen ? [] : [name]));
