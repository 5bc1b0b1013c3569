import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { ServiceBroker } from "moleculer";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { Config } from "#config";
import { EventixError } from "#contracts/errors.ts";
import { healthOf } from "./node-health.ts";
import { metricsOf } from "./node-metrics.ts";

const HEADERS_MS = 5_000;

/**
 * Answers /health/live and /health/ready as the gateway does, for a node that may have none, and /metrics, from before the node
 * starts until its process ends. Nothing when no PROBE_PORT is set. Rejects when the port is taken.
 */
export async function openProbes(
  { probePort, host }: Pick<Config, "probePort" | "host">,
  broker: () => ServiceBroker | undefined,
): Promise<Server | undefined> {
  if (probePort === undefined) return undefined;
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  const server = createServer({ headersTimeout: HEADERS_MS, requestTimeout: HEADERS_MS }, ({ method, url }, res) => {
    if (method === "GET" && url === "/metrics") {
      void tellMetrics(ofProcess, broker(), res);
      return;
    }
    const refusal = refusalOf(method, url, broker());
    const ok = { success: true, data: { status: "ok" } };
    const { code: status, type: code, message, data: details } = refusal ?? { code: 200 };
    const body = refusal ? { success: false, error: { code, message, details } } : ok;
    const retry = status === 503 ? { "retry-after": "1" } : {};
    res.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...retry });
    res.end(method === "HEAD" ? undefined : JSON.stringify(body));
  });
  server.listen(probePort, host);
  await once(server, "listening").catch(({ code }: NodeJS.ErrnoException) => {
    throw new Error(`PROBE_PORT=${probePort} cannot be listened on (${code}): choose another port.`);
  });
  return server.unref();
}

/** What Prometheus asks for; of the process alone while there is no node yet. Sources that fail are left out, so this does not. */
async function tellMetrics(ofProcess: Registry, broker: ServiceBroker | undefined, res: ServerResponse): Promise<void> {
  const registries = broker ? [ofProcess, metricsOf(broker).registry] : [ofProcess];
  const text = await Registry.merge(registries).metrics();
  res.writeHead(200, { "content-type": ofProcess.contentType, "cache-control": "no-store" });
  res.end(text);
}

function refusalOf(
  method: string | undefined,
  url: string | undefined,
  broker: ServiceBroker | undefined,
): EventixError | undefined {
  const isRead = method === "GET" || method === "HEAD";
  if (isRead && url === "/health/live") return undefined;
  if (!isRead || url !== "/health/ready") return new EventixError("NOT_FOUND");
  const reasons = broker ? healthOf(broker).hindrances() : ["it is starting"];
  return reasons.length > 0 ? new EventixError("SERVICE_UNAVAILABLE", { reasons }) : undefined;
}
