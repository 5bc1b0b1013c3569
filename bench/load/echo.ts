import { type BrokerOptions, ServiceBroker } from "moleculer";
import { KafkaTransporter } from "#broker/kafka-transporter/kafka.transporter.ts";

export type TransporterKind = "ours" | "kafka" | "redis";

export interface EchoNode {
  kind: TransporterKind;
  brokers: string[];
  redisUrl: string;
  /** One of the two answers, the other asks. */
  role: "answers" | "asks";
  namespace: string;
}

export interface EchoJob {
  inFlight: number;
  seconds: number;
}

export interface EchoResult {
  perSecond: number;
  /** Milliseconds. */
  p50: number;
}

/** As large as a booking on its way to the gateway. */
const BOOKING = {
  id: "0190163d-8694-739b-aea5-966c26f8ad91",
  eventId: "0190163d-8694-739b-aea5-966c26f8ad92",
  status: "PENDING",
  reason: null,
  seats: Array.from({ length: 2 }, (_, n) => ({
    seatId: `0190163d-8694-739b-aea5-966c26f8ad9${n}`,
    priceMinor: 2_500,
  })),
  totalMinor: 5_000,
  currency: "EUR",
  expiresAt: "2030-01-01T12:10:00.000Z",
  ticketReference: null,
  createdAt: "2030-01-01T12:00:00.000Z",
};

/** One of two nodes that only talk: `fork(echo.ts)`, then an EchoNode by IPC, and EchoJobs to the one that asks. */
process.once("message", async (node: EchoNode) => {
  const broker = new ServiceBroker({
    namespace: node.namespace,
    nodeID: node.role,
    logger: { type: "Console", options: { level: "error" } },
    transporter: transporterOf(node),
    requestTimeout: 10_000,
    contextParamsCloning: false,
    skipProcessEventRegistration: true,
  });
  if (node.role === "answers") broker.createService({ name: "echo", actions: { say: (ctx) => ctx.params } });
  await broker.start();
  if (node.role === "asks") await broker.waitForServices("echo", 30_000);
  process.on("message", async (job: EchoJob) => process.send?.(await run(broker, job)));
  process.on("disconnect", async () => {
    await broker.stop();
    process.exit();
  });
  process.send?.("ready");
});

/** Moleculer makes its own from a name or an address. */
function transporterOf({ kind, brokers, redisUrl }: EchoNode): BrokerOptions["transporter"] {
  if (kind === "ours") return new KafkaTransporter({ brokers });
  if (kind === "kafka") return { type: "Kafka", options: { bootstrapBrokers: brokers } };
  return redisUrl as BrokerOptions["transporter"];
}

async function run(broker: ServiceBroker, { inFlight, seconds }: EchoJob): Promise<EchoResult> {
  const took: number[] = [];
  const began = performance.now();
  const end = began + seconds * 1_000;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < end) {
        const asked = performance.now();
        await broker.call("echo.say", BOOKING);
        took.push(performance.now() - asked);
      }
    }),
  );
  const perSecond = took.length / ((performance.now() - began) / 1_000);
  return { perSecond, p50: took.sort((a, b) => a - b)[Math.floor(took.length / 2)] ?? Number.NaN };
}
