import { JobProcess } from "../job-process.ts";
import type { EchoJob, EchoNode, EchoResult, TransporterKind } from "../load/echo.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

const IN_FLIGHT = [1, 64, 256];
const NAMES: Record<TransporterKind, string> = { ours: "ours", kafka: "Moleculer's Kafka", redis: "Moleculer's Redis" };
const KINDS = Object.keys(NAMES) as TransporterKind[];

/** What a call between two nodes costs, beside the transporters that Moleculer ships. */
export const calls: Scenario = {
  name: "calls",
  what: "echo of a booking between two nodes, by transporter",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const pairs = new Map<TransporterKind, Pair>();
    for (const kind of KINDS) pairs.set(kind, await Pair.start(world, kind));
    const rates = await repeated(effort, async () => {
      const found: Record<string, number> = {};
      for (const inFlight of IN_FLIGHT) {
        for (const [kind, pair] of pairs) {
          const { perSecond, p50 } = await pair.run({ inFlight, seconds: effort.seconds });
          found[`${kind} ${inFlight}`] = perSecond;
          found[`${kind} ${inFlight} p50`] = p50;
        }
      }
      return found;
    });
    await Promise.all([...pairs.values()].map((pair) => pair.stop()));
    const of = (kind: TransporterKind, inFlight: number) => rates[`${kind} ${inFlight}`] as number[];
    return [
      ...IN_FLIGHT.flatMap((inFlight) =>
        KINDS.flatMap((kind): Figure[] => [
          { what: `${NAMES[kind]}, ${inFlight} in flight`, unit: "calls/s", values: of(kind, inFlight) },
          { what: "  p50", unit: "ms", values: rates[`${kind} ${inFlight} p50`] as number[] },
        ]),
      ),
      {
        what: "to Moleculer's Kafka, 64",
        unit: "×",
        values: ratio(of("ours", 64), of("kafka", 64)),
        bar: { atLeast: 10 },
      },
      {
        what: "to Moleculer's Redis, 64",
        unit: "×",
        values: ratio(of("ours", 64), of("redis", 64)),
        bar: { atLeast: 0.45 },
      },
    ];
  },
};

type Echo = JobProcess<EchoJob, EchoResult>;

/** Two nodes of a namespace of their own, one of which asks the other. */
class Pair {
  readonly #answers: Echo;
  readonly #asks: Echo;

  private constructor(answers: Echo, asks: Echo) {
    this.#answers = answers;
    this.#asks = asks;
  }

  static async start(world: World, kind: TransporterKind): Promise<Pair> {
    const node = {
      kind,
      brokers: (world.env.KAFKA_BROKERS as string).split(","),
      redisUrl: world.env.REDIS_URL as string,
      namespace: `bench-${kind}`,
    };
    const start = (role: EchoNode["role"]): Promise<Echo> =>
      JobProcess.start(world, "echo", `A node with the transporter "${kind}"`, {
        told: { ...node, role } satisfies EchoNode,
      });
    return new Pair(await start("answers"), await start("asks"));
  }

  run(job: EchoJob): Promise<EchoResult> {
    return this.#asks.run(job);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#answers.stop(), this.#asks.stop()]);
  }
}
