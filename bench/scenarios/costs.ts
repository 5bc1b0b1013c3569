import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { RELAY_LOCK } from "#mixins/outbox.repository.ts";
import { PAUSE_MS } from "../../services/booking/availability-reads.ts";
import { type Cluster, openCluster } from "../cluster.ts";
import { COST_FIGURES, type Stage } from "../costs.ts";
import { JobProcess } from "../job-process.ts";
import type { CallerJob } from "../load/caller.ts";
import type { LoadJob, LoadResult, RequestLine } from "../load/job.ts";
import { readBytes } from "../meter/bytes.ts";
import { cpuReader } from "../meter/cpu-reader.ts";
import { metered, type Readings, type Spent } from "../meter/metered.ts";
import { openSale, sell, warmUp } from "../sale.ts";
import { type Effort, type Figure, repeated, type Scenario } from "../scenario.ts";
import { type BenchEvent, countFacts, holdSeats } from "../shelf.ts";
import { until } from "../until.ts";
import { type BenchNode, load, type World } from "../world.ts";
import { SEATS as STAMPEDED, stampede } from "./losers.ts";

const EVENTS = 50;
const SEATS = 4_000;
const HALL_SEATS = 50_000;
const IN_FLIGHT = 256;
const HALLS = 4;
/** Calls in flight for a hall, that share its reads. */
const SHARING = 32;

/**
 * What a booking takes of each process, stage by stage. The stages are held apart, so that no process does two at once: facts
 * stay in the outbox while holds are made, and payment is stopped until they have left it.
 */
export const costs: Scenario = {
  name: "costs",
  what: "what a booking takes of a gateway, a booking and a payment node and of the servers, 256 in flight",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const [cluster, payment] = [await openCluster(world, effort, 1), await world.node("payment")];
    const readCpu = cpuReader(world, { gateway: [cluster.node], booking: cluster.booking, payment: [payment] });
    const read = async () => ({ ...readCpu(), ...(await readBytes(world)) });
    // Facts of the warm-up, and of other scenarios, are worked off with these; payment's code is compiled meanwhile.
    await warmUp(world, effort, cluster, 1);
    await untilConfirmed(world);
    const measured = await repeated(effort, () => measure({ world, effort, cluster, payment, read }));
    await Promise.all([cluster.stop(), payment.stop()]);
    return COST_FIGURES.map(({ what, unit }) => ({ what, unit, values: measured[what] as number[] }));
  },
};

interface Bed {
  world: World;
  effort: Effort;
  cluster: Cluster;
  payment: BenchNode;
  read(): Promise<Readings>;
}

/** Every figure by its name. */
async function measure(bed: Bed): Promise<Readings> {
  const stages: Record<Stage, StageRun> = {
    ...(await bookings(bed)),
    refusal: await refusals(bed),
    look: await looks(bed),
    ...(await reads(bed)),
  };
  return Object.fromEntries(COST_FIGURES.map(({ stage, part, what }) => [what, costOf(part, stages[stage])]));
}

interface StageRun extends Spent<unknown> {
  /** Bookings, requests or reads that it was for. */
  count: number;
}

/** Holds without their facts, then the facts without payment, then payment and all that follows. */
async function bookings(bed: Bed): Promise<Record<"hold" | "relay" | "payment", StageRun>> {
  const { world, effort, cluster, payment, read } = bed;
  const events = await openSale(world, cluster, EVENTS, Math.ceil(SEATS * effort.scale));
  const relay = await world.db.connect();
  process.kill(payment.pid, "SIGSTOP");
  try {
    await relay.query("select pg_advisory_lock($1)", [RELAY_LOCK]);
    const { seconds } = effort;
    const held = await metered(read, () => sell(world, cluster, events, { pace: { closed: IN_FLIGHT }, seconds }));
    const count = held.result.accepted;
    const rows = await countFacts(world.db);
    const relayed = await metered(read, async () => {
      await relay.query("select pg_advisory_unlock($1)", [RELAY_LOCK]);
      await until(async () => (await countFacts(world.db)) === 0, "facts are still in the outbox");
    });
    Object.assign(relayed.grown, { rows });
    const paid = await metered(read, async () => {
      process.kill(payment.pid, "SIGCONT");
      await untilConfirmed(world);
    });
    return { hold: { ...held, count }, relay: { ...relayed, count }, payment: { ...paid, count } };
  } finally {
    process.kill(payment.pid, "SIGCONT");
    // With its session the lock goes too, however far this came.
    relay.release(true);
  }
}

async function refusals(bed: Bed): Promise<StageRun> {
  const { world, cluster } = bed;
  const [event] = (await openSale(world, cluster, 1, STAMPEDED)) as [BenchEvent];
  // When each has asked once, before the clock starts, nobody can be granted anything any more.
  await ask(bed, stampede(event), { seconds: 60, repeat: false });
  return spentOn(bed, stampede(event), 409);
}

async function looks(bed: Bed): Promise<StageRun> {
  const { world, effort, cluster } = bed;
  const [event] = (await openSale(world, cluster, 1, Math.ceil(HALL_SEATS * effort.scale))) as [BenchEvent];
  const path = `/api/events/${event.id}/availability`;
  const look: RequestLine[] = [{ method: "GET", path, accept: "application/octet-stream" }];
  return spentOn(bed, look, 200);
}

/**
 * One call at a time for each hall has a read of its own; many at once share the reads, and what booking does for these is not in
 * their answers. Every other hall is free and every other held, so that a read is one of a hall that is half sold.
 */
async function reads({ world, effort, cluster, read }: Bed): Promise<Record<"read" | "answer", StageRun>> {
  const { seconds, scale } = effort;
  const halls = await openSale(world, cluster, HALLS, Math.ceil(HALL_SEATS * scale));
  const held = halls.filter((_, n) => n % 2 === 1);
  await holdSeats(world.db, held, new Date(Date.now() + 3_600_000));
  const params = halls.map(({ id }) => ({ eventId: id, as: "bits" }));
  const env = world.nodeEnvironment({});
  const caller = await JobProcess.start<CallerJob, number>(world, "caller", "The node that calls", { env });
  const call = (wish: Pick<CallerJob, "params" | "inFlight" | "seconds">) =>
    caller.run({ action: "booking.availability", ...wish });
  await call({ params, inFlight: SHARING, seconds: 1 });
  const idle = await metered(read, () => sleep(seconds * 1_000));
  const apart = withoutIdle(await metered(read, () => call({ params, inFlight: 1, seconds })), idle);
  const pair = params.slice(0, 2);
  const shared = withoutIdle(await metered(read, () => call({ params: pair, inFlight: SHARING, seconds })), idle);
  await caller.stop();
  // Questions come all the time: each hall is read as often as it may be, or hardly less.
  const readsOfPair = pair.length * shared.seconds * (1_000 / PAUSE_MS);
  const ofReads = (readsOfPair / apart.result) * (apart.grown.booking as number);
  Object.assign(shared.grown, { booking: (shared.grown.booking as number) - ofReads });
  return { read: { ...apart, count: apart.result }, answer: { ...shared, count: shared.result } };
}

/** Less what grew in as much time when nothing was asked: of some dozens of reads a second that would be too large a share. */
function withoutIdle<T>(spent: Spent<T>, idle: Spent<unknown>): Spent<T> {
  const times = spent.seconds / idle.seconds;
  const grown = Object.entries(spent.grown).map(([name, all]) => [name, all - (idle.grown[name] as number) * times]);
  return { ...spent, grown: Object.fromEntries(grown) };
}

async function spentOn(bed: Bed, requests: RequestLine[], status: number): Promise<StageRun> {
  const spent = await metered(bed.read, () => ask(bed, requests, { seconds: bed.effort.seconds, repeat: true }));
  const { statuses } = spent.result;
  assert.deepEqual(Object.keys(statuses), [String(status)], "all are answered alike");
  return { ...spent, count: statuses[status] as number };
}

const ask = (
  { cluster: { node, tokens } }: Bed,
  requests: RequestLine[],
  wish: Pick<LoadJob, "seconds" | "repeat">,
): Promise<LoadResult> => load({ port: node.port, tokens, requests, pace: { closed: IN_FLIGHT }, ...wish });

const NOT_TIMES = new Set(["wal", "facts", "calls", "loopback", "rows"]);

/** Of one booking or request, with its share of what processes do when nothing is asked of them. */
function costOf(part: string, { grown, seconds, count }: StageRun): number {
  if (part === "a second") return count / seconds;
  const of = (name: string) => grown[name] as number;
  if (NOT_TIMES.has(part)) return of(part) / count;
  const [server, database] = part.split(" ") as [string, string?];
  if (database === undefined) return (of(part) / count) * 1e6;
  // Writers and checkpointer work for both databases, and their time is shared as that of the sessions is.
  const sessions = of("postgres booking") + of("postgres payment");
  return sessions === 0 ? 0 : ((of(server) * (of(part) / sessions)) / count) * 1e6;
}

/** Until each booking is paid and all its facts are out. */
const untilConfirmed = (world: World): Promise<void> =>
  until(async () => {
    const { rows } = await world.db.query(
      "select exists (select from bookings where status = 'PENDING') or exists (select from outbox) as waits",
    );
    return !rows[0].waits;
  }, "bookings are still not confirmed");
