import type { ServiceBroker } from "moleculer";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What a node counts, for Prometheus: docs/operations.md says when somebody has to look at which. */
export const METRICS = {
  eventix_node_ready: { kind: "gauge", labels: [], help: "1 while the node is ready to be sent requests." },
  eventix_dependency_up: {
    kind: "gauge",
    labels: ["dependency", "service"],
    help: "1 while what a service needs from outside answers.",
  },
  eventix_consumer_lag: {
    kind: "gauge",
    labels: ["group", "topic", "partition"],
    help: "Facts on a partition that this node reads and that are not applied yet.",
  },
  eventix_consumer_stuck: {
    kind: "gauge",
    labels: ["group", "topic", "partition"],
    help: "1 while a partition that this node reads waits for something to be mended.",
  },
  eventix_outbox_facts: {
    kind: "gauge",
    labels: ["service"],
    help: "Facts that wait to be published, counted up to 10,000; every node of a service tells the same.",
  },
  eventix_holds_waiting: { kind: "gauge", labels: [], help: "Holds in the mailboxes of this node." },
  eventix_holds_in_flight: { kind: "gauge", labels: [], help: "Holds in batches that are being committed." },
  eventix_event_actors: { kind: "gauge", labels: [], help: "Events whose seats this node has in memory." },
  eventix_batches_without_locks_total: {
    kind: "counter",
    labels: [],
    help: "Batches that were to have seat locks and went without, or were refused for it.",
  },
  eventix_http_requests_under_way: { kind: "gauge", labels: [], help: "Requests that this gateway is answering." },
  eventix_http_request_seconds: {
    kind: "histogram",
    labels: ["route", "status"],
    help: "How long requests took from their headers to the end of their answers; status 0 when the client had left.",
  },
} as const;

type Name = keyof typeof METRICS;
type Labels<N extends Name> = Record<(typeof METRICS)[N]["labels"][number], string | number>;
type Observed = "eventix_http_request_seconds";
export interface Sample<N extends Name> {
  value: number;
  labels: Labels<N>;
}
type Source = () => Sample<Name>[] | Promise<Sample<Name>[]>;

/** From a hold that was refused from memory to one that waited until its deadline. */
const SECONDS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 6];

/**
 * The metrics of one node. Whatever it has at hand is read when somebody asks, so that counting costs nothing meanwhile; only
 * what is over by then is observed as it happens.
 */
export class NodeMetrics {
  readonly registry = new Registry();
  readonly #sources = new Map<Name, Source[]>();
  #requests: Histogram<string> | undefined;

  /** Has `read` asked for values of a metric for as long as there is the node. A source that fails has none to tell. */
  add<N extends Exclude<Name, Observed>>(name: N, read: () => Sample<N>[] | Promise<Sample<N>[]>): void {
    const sources = this.#sources.get(name) ?? this.#register(name);
    sources.push(read as Source);
  }

  /** A request has ended. */
  observeRequest(labels: Labels<Observed>, seconds: number): void {
    const { labels: labelNames, help } = METRICS.eventix_http_request_seconds;
    this.#requests ??= new Histogram({
      ...{ name: "eventix_http_request_seconds", help, labelNames, buckets: SECONDS },
      registers: [this.registry],
    });
    this.#requests.observe(labels, seconds);
  }

  #register(name: Name): Source[] {
    const sources = [] as Source[];
    const { kind, labels, help } = METRICS[name];
    const values = async () => {
      const told = await Promise.all(sources.map(async (read) => read()).map((one) => one.catch(() => [])));
      return told.flat();
    };
    const collect = async () => {
      const now = await values();
      metric.reset();
      for (const { labels, value } of now) metric.inc(labels, value);
    };
    const settings = { name, help, labelNames: labels as readonly string[], registers: [this.registry], collect };
    const metric = kind === "counter" ? new Counter(settings) : new Gauge(settings);
    this.#sources.set(name, sources);
    return sources;
  }
}

const nodes = new WeakMap<ServiceBroker, NodeMetrics>();

/** The metrics of the node that a broker is. */
export function metricsOf(broker: ServiceBroker): NodeMetrics {
  const known = nodes.get(broker) ?? new NodeMetrics();
  nodes.set(broker, known);
  return known;
}
