import { ROUND_BYTES, ROUND_ROWS } from "#mixins/outbox.repository.ts";
import type { Costs } from "../costs.ts";
import type { Assumptions } from "./assumptions.ts";

/** Bookings a second, and what the requests of the busiest second are. */
export interface Demand {
  bookings: number;
  requests: number;
}

export interface Need {
  what: string;
  /** Cores that are busy in the busiest second; absent of what is no process. */
  busy?: number;
  /** Processes, or machines, with those that stand in for a lost zone. */
  count: number;
  /** What decides the count. */
  because: string;
}

/** Each booking brings refused holds and looks at the hall with it. */
export const requestsABooking = (a: Assumptions): number => 1 + a.refusalsABooking + a.looksABooking;

/** So many tickets in an hour, of which the busiest second sells `peak` times the mean. */
export function ofTickets(ticketsAnHour: number, a: Assumptions): Demand {
  const bookings = (ticketsAnHour / a.seatsABooking / 3_600) * a.peak;
  return { bookings, requests: bookings * requestsABooking(a) };
}

export const ofRequests = (requests: number, a: Assumptions): Demand => ({
  bookings: requests / requestsABooking(a),
  requests,
});

/** Microseconds of each process for one booking with all that comes with it. */
export function microsecondsABooking({ hold, relay, payment, refusal, look }: Costs, a: Assumptions) {
  const refused = (name: Exclude<keyof Costs["refusal"], "calls" | "loopback">) => a.refusalsABooking * refusal[name];
  return {
    gateway: hold.gateway + refused("gateway") + a.looksABooking * look.gateway,
    booking: hold.booking + relay.booking + payment.booking + refused("booking"),
    payment: payment.payment,
    kafka: hold.kafka + relay.kafka + payment.kafka + refused("kafka"),
    bookingDatabase:
      hold["postgres booking"] + relay["postgres booking"] + payment["postgres booking"] + refused("postgres booking"),
    paymentDatabase: payment["postgres payment"],
    redis: hold.redis,
  };
}

/** How many of `cores` cores each, so that when one zone is lost the others carry all at the utilisation wished for. */
export function spread(busy: number, cores: number, { utilisation, zones }: Assumptions): number {
  const needed = Math.max(1, Math.ceil(busy / (utilisation * cores)));
  return zones === 1 ? needed : Math.ceil(needed / (zones - 1)) * zones;
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
export function plan(costs: Costs, { bookings }: Demand, a: Assumptions): Need[] {
  const { hold, relay, payment } = costs;
  const perBooking = microsecondsABooking(costs, a);
  const cores = (name: keyof typeof perBooking) => (bookings * perBooking[name]) / 1e6;
  const node = (what: string, name: keyof typeof perBooking): Need => ({
    what,
    busy: cores(name),
    count: spread(cores(name), 1, a),
    because: "its thread",
  });
  const written = bookings * (hold.wal + relay.wal + payment.wal);
  // A follower writes what the leader writes; that it costs as much is more than it does.
  const copied = cores("kafka") * a.replicas;
  const brokers = spread(copied, a.coresABroker, a);
  const paymentNodes = node("payment nodes", "payment");
  return [
    node("gateway nodes", "gateway"),
    node("booking nodes", "booking"),
    paymentNodes,
    largest("booking database shards", cores("bookingDatabase"), {
      "its cores": cores("bookingDatabase") / (a.utilisation * a.coresADatabase),
      "its write-ahead log": written / a.walBytesASecond,
      "its relay": bookings / relayLimit(costs, a),
    }),
    largest("payment database shards", cores("paymentDatabase"), {
      "its cores": cores("paymentDatabase") / (a.utilisation * a.coresADatabase),
      "its write-ahead log": (bookings * payment.wal) / a.walBytesASecond,
      // A result is less than what created the booking.
      "its relay": bookings / relayLimit(costs, a),
    }),
    largest("Kafka brokers", copied, { "a copy in each zone": a.replicas, "their cores": brokers }),
    largest("partitions a topic of facts", undefined, {
      "bytes written": (bookings * (relay.facts + payment.facts)) / a.partitionBytesASecond,
      "one for each payment node": paymentNodes.count,
      "booking's consumers": (bookings * payment.booking) / 1e6 / a.utilisation,
    }),
    // Redlock asks most of the servers for each lock: more of them share nothing out.
    largest("Redis servers", cores("redis"), {
      "all locks in each zone": a.zones * Math.ceil(cores("redis") / a.utilisation),
    }),
  ];
}

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
