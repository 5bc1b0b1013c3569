import type { BrokerOptions } from "moleculer";
import type { Logger } from "pino";
import type { Config } from "#config";
import { VALIDATOR_OPTIONS } from "#contracts/schema.ts";
import { kafkaAccess } from "./kafka.client.ts";
import { KafkaTransporter } from "./kafka-transporter/kafka.transporter.ts";
import { createLogger } from "./logger.ts";
import { AccessMiddleware } from "./middlewares/access.middleware.ts";
import { CorrelationMiddleware } from "./middlewares/correlation.middleware.ts";
import { CountMiddleware } from "./middlewares/count.middleware.ts";
import { DrainMiddleware } from "./middlewares/drain.middleware.ts";
import { FarewellMiddleware } from "./middlewares/farewell.middleware.ts";
import { TransitSealMiddleware } from "./middlewares/transit-seal.middleware.ts";
import { PromptDiscoverer } from "./prompt-discoverer.ts";
import { LocalFirstStrategy } from "./strategies/local-first.strategy.ts";
import "./strategies/by-event.strategy.ts";

/** How long a stopping node waits for calls in flight before it ends them. */
const DRAIN_MS = 5_000;
/**
 * A node tells the others of its services so long after the last of them has started; by Moleculer's own setting a second, a third
 * of the time until a new node serves.
 */
const SERVICES_CHANGED_MS = 20;
/** Deeper nesting of calls is a loop. */
const MAX_CALL_LEVEL = 20;

/** What one node is, from its settings. Each broker needs options of its own: they hold its transporter. */
export function brokerOptions(config: Config, logger: Logger = createLogger(config)): BrokerOptions {
  if (config.kafkaBrokers.length === 0) {
    throw new Error("KAFKA_BROKERS is not set: start with npm start, or fill the environment from eventix env.");
  }
  const { brokers, ...kafka } = kafkaAccess(config);
  return {
    namespace: config.namespace,
    nodeID: config.nodeId,
    logger: {
      type: "Pino",
      options: {
        level: config.logLevel,
        createLogger: (level: string, bindings: object) => logger.child(bindings, { level }),
      },
    },
    transporter: new KafkaTransporter({ brokers, kafka }),
    // preferLocal would be asked before any strategy and keep an event's calls from its node.
    // A node that stops waits until the others have heard it (FarewellMiddleware), not for a time.
    registry: { preferLocal: false, stopDelay: 0, strategy: LocalFirstStrategy, discoverer: new PromptDiscoverer() },
    // In seconds. Two heartbeats may be late.
    heartbeatInterval: 1,
    heartbeatTimeout: 3,
    transit: { serviceChangedDebounceTime: SERVICES_CHANGED_MS },
    requestTimeout: config.timeouts.gatewayCallMs,
    maxCallLevel: MAX_CALL_LEVEL,
    contextParamsCloning: false,
    tracking: { enabled: true, shutdownTimeout: DRAIN_MS },
    // No circuit breaker: with a strategy of an action's own an open one makes broker.call throw synchronously.
    circuitBreaker: { enabled: false },
    metrics: false,
    tracing: false,
    validator: { type: "Fastest", options: VALIDATOR_OPTIONS },
    // node.ts owns the signals: Moleculer's own handlers end in process.exit(0) and cut off what others still close.
    skipProcessEventRegistration: true,
    internalMiddlewares: false,
    middlewares: middlewares(config),
  } as BrokerOptions;
}

/**
 * Moleculer's own middlewares in their own order, innermost first, with ours where they belong: who may call is decided
 * before parameters are validated, and the correlation id surrounds everything that logs.
 */
function middlewares({ transitKey }: Config): BrokerOptions["middlewares"] {
  return [
    "ActionHook",
    "Validator",
    AccessMiddleware(),
    "Bulkhead",
    "Cacher",
    "ContextTracker",
    "CircuitBreaker",
    "Timeout",
    "Retry",
    "Fallback",
    "ErrorHandler",
    "Tracing",
    "Metrics",
    "Debounce",
    "Throttle",
    DrainMiddleware(),
    FarewellMiddleware(),
    CountMiddleware(),
    CorrelationMiddleware(),
    ...(transitKey === "" ? [] : [TransitSealMiddleware(transitKey)]),
  ] as BrokerOptions["middlewares"];
}
