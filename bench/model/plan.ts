import { ROUND_BYTES, ROUND_ROWS } from "#mixins/outbox.repository.ts";
import type { Costs } from "../costs.ts";
import type { Assumptions } from "./assumptions.ts";
import { type Demand, microsecondsABooking } from "./demand.ts";
import { coresOfALeader, type Nodes, nodesFor, spread, threadOfAHall } from "./nodes.ts";

export interface Need {
  what: string;
  /** Cores that are busy in the busiest second; absent of what is no process. */
  busy?: number;
  /** Processes, or machines, with those that stand in for a lost zone; Infinity where no number is enough. */
  count: number;
  /** What decides the count. */
  because: string;
}

/**
 * Bookings a second whose facts one database's relay can move. It leads alone, round after round: what a round was measured to
 * take where all is on one machine, and the waits for what is further away.
 */
export function relayLimit({ relay, payment }: Costs, a: Assumptions): number {
  // Twice, since what confirms a booking is as much again as what created it. All facts of the payment stage are counted as
  // booking's, which errs on the safe side.
  const [rows, bytes] = [relay.rows * 2, relay.facts + payment.facts];
  const bookings = Math.min(ROUND_ROWS / rows, ROUND_BYTES / bytes);
  const seconds = (bookings * 2) / relay["a second"] + (a.acknowledgedMs + a.commitMs + 3 * a.roundTripMs) / 1_000;
  return (a.utilisation * bookings) / seconds;
}

/** Every kind of process that is needed, and how many. */
export function plan(costs: Costs, demand: Demand, a: Assumptions, nodes: Nodes = nodesFor(costs, demand, a)): Need[] {
  const { hold, relay, payment, answer, read } = costs;
  const { bookings } = demand;
  const perBooking = microsecondsABooking(costs, a);
  const cores = (name: keyof typeof perBooking) => (bookings * perBooking[name]) / 1e6;
  const written = bookings * (hold.wal + relay.wal + payment.wal);
  const bookingCores = cores("bookingDatabase") + (nodes.reads * read["postgres booking"]) / 1e6;
  // A follower writes what the leader writes; that it costs as much is more than it does. Heartbeats are read, which followers are not.
  const copied = (cores("kafka") + (nodes.questions * answer.kafka) / 1e6) * a.replicas;
  const kafkaCores = copied + (nodes.asked * a.heartbeatKafkaUs) / 1e6;
  const brokers = spread(kafkaCores, a.coresABroker, a);
  return [
    { what: "gateway nodes", ...nodes.gateway, because: "its thread" },
    largest("booking nodes", nodes.booking.busy, {
      "its thread": nodes.booking.count,
      "one hall's looks are too many for its node's thread": endlessBeyond(threadOfAHall(costs, nodes, a)),
    }),
    { what: "payment nodes", ...nodes.payment, because: "its thread" },
    largest("booking database shards", bookingCores, {
      "its cores": bookingCores / (a.utilisation * a.coresADatabase),
      "its write-ahead log": written / a.walBytesASecond,
      "its relay": bookings / relayLimit(costs, a),
    }),
    largest("payment database shards", cores("paymentDatabase"), {
      "its cores": cores("paymentDatabase") / (a.utilisation * a.coresADatabase),
      "its write-ahead log": (bookings * payment.wal) / a.walBytesASecond,
      // A result is less than what created the booking.
      "its relay": bookings / relayLimit(costs, a),
    }),
    largest("Kafka brokers", kafkaCores, {
      "a copy in each zone": a.replicas,
      "their cores": brokers,
      "heartbeats are too many for one leader": endlessBeyond(coresOfALeader(nodes, a)),
    }),
    largest("partitions a topic of facts", undefined, {
      "bytes written": (bookings * (relay.facts + payment.facts)) / a.partitionBytesASecond,
      "one for each payment node": nodes.payment.count,
      "booking's consumers": (bookings * payment.booking) / 1e6 / a.utilisation,
    }),
    // Redlock asks most of the servers for each lock: more of them share nothing out.
    largest("Redis servers", cores("redis"), {
      "all locks in each zone": a.zones * Math.ceil(cores("redis") / a.utilisation),
    }),
  ];
}

/** What cannot be divided fits, or no number of others helps. */
const endlessBeyond = ({ taken, allowed }: { taken: number; allowed: number }) => (taken > allowed ? Infinity : 0);

function largest(what: string, busy: number | undefined, needed: Record<string, number>): Need {
  const [because, most] = Object.entries(needed).reduce((most, one) => (one[1] > most[1] ? one : most));
  return { what, ...(busy !== undefined && { busy }), count: Math.max(1, Math.ceil(most)), because };
}

export interface EventLimit {
  /** Holds a second that one actor's node grants when nobody is refused. */
  granted: number;
  /** Requests for holds a second that it answers when nobody is granted any more. */
  refused: number;
  /** Bookings a second in a sale in which so many are refused beside each. */
  mixed: number;
  /** What the batches in flight allow at most, whatever the node's thread can do. */
  byBatches: number;
}

/** What one event can sell at most: it has one actor, on one node, whose one thread and whose batches in flight are the limit. */
export function eventLimit({ hold, refusal }: Costs, a: Assumptions, utilisation = a.utilisation): EventLimit {
  const holdSeconds = (2 * a.roundTripMs + a.commitMs) / 1_000;
  const byBatches = a.holdsInFlight / holdSeconds;
  const each = (microseconds: number) => (utilisation * 1e6) / microseconds;
  return {
    granted: Math.min(each(hold.booking), byBatches),
    refused: each(refusal.booking),
    mixed: Math.min(each(hold.booking + a.refusalsABooking * refusal.booking), byBatches),
    byBatches,
  };
}

/** How long a request takes at a server that is so busy, in times of what it takes at an idle one (M/M/1). */
export const slowdown = (utilisation: number): number => (utilisation < 1 ? 1 / (1 - utilisation) : Infinity);
