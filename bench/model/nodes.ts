import { PAUSE_MS } from "../../services/booking/availability-reads.ts";
import { AVAILABILITY } from "../../services/gateway/shared-answers.ts";
import type { Costs } from "../costs.ts";
import type { Assumptions } from "./assumptions.ts";
import { type Demand, microsecondsABooking } from "./demand.ts";

/** Processes of one kind, each with one thread that counts. */
export interface NodesOfAKind {
  count: number;
  /** Cores that are busy in the busiest second. */
  busy: number;
}

/** Nodes, and what they ask for because they are so many. */
export interface Nodes {
  gateway: NodesOfAKind;
  booking: NodesOfAKind;
  payment: NodesOfAKind;
  all: number;
  /** What gateways ask of availability a second, of all halls. */
  questions: number;
  /** Reads of the tables a second that answer them. */
  reads: number;
  /** Heartbeats a second, each counted once for each node that hears it. */
  heard: number;
  /** How often a second nodes ask Kafka for them. */
  asked: number;
}

type Counted = Pick<Nodes, "all"> & { gateways: number };

/** Of one gateway, about each hall that somebody looks at. */
const QUESTIONS_A_SECOND = 1_000 / AVAILABILITY.maxAgeMs;
/** Of one hall at most, on its node, however many ask. */
const READS_A_SECOND = 1_000 / PAUSE_MS;

/**
 * Each gateway asks about each hall, and each node hears all others, so that more nodes have more to do: they are counted anew
 * until they are no more than before. Infinite where hearing the others takes more of a thread than it may.
 */
export function nodesFor(costs: Costs, demand: Demand, a: Assumptions): Nodes {
  let [before, nodes] = [0, nodesBeside(costs, demand, a, { all: 0, gateways: 0 })];
  while (nodes.all > before) {
    before = nodes.all;
    nodes = nodesBeside(costs, demand, a, { all: nodes.all, gateways: nodes.gateway.count });
  }
  return nodes;
}

function nodesBeside(costs: Costs, { bookings }: Demand, a: Assumptions, { all, gateways }: Counted): Nodes {
  const each = microsecondsABooking(costs, a);
  const questions = Math.min(bookings * a.looksABooking, (gateways / a.cells) * QUESTIONS_A_SECOND * a.hotHalls);
  const reads = Math.min(questions, READS_A_SECOND * a.hotHalls);
  const asks = asksForHeartbeats(all / a.cells, a);
  const hearing = (asks * a.heartbeatNodeUs) / 1e6;
  const kind = (microseconds: number): NodesOfAKind => {
    const work = microseconds / 1e6;
    const count = hearing < a.utilisation ? a.cells * spread(work / a.cells, 1, a, a.utilisation - hearing) : Infinity;
    return { count, busy: work + count * hearing };
  };
  // What a gateway does for its own few questions is in its looks.
  const gateway = kind(bookings * each.gateway);
  const booking = kind(bookings * each.booking + questions * costs.answer.booking + reads * costs.read.booking);
  const payment = kind(bookings * each.payment);
  const counted = gateway.count + booking.count + payment.count;
  return { gateway, booking, payment, all: counted, questions, reads, heard: all ** 2 / a.cells, asked: all * asks };
}

/**
 * How often a second one of so many nodes asks Kafka for heartbeats. It asks again when it has an answer, and the next comes
 * with what was said during a round trip: that few come together makes them dear, the tenth in an answer costs next to nothing.
 */
const asksForHeartbeats = (nodes: number, { roundTripMs }: Assumptions): number =>
  Number.isFinite(nodes) ? nodes / (1 + (nodes * roundTripMs) / 1_000) : 1_000 / roundTripMs;

/** How many of `cores` cores each, so that when one zone is lost the others carry all at the utilisation wished for. */
export function spread(busy: number, cores: number, { zones, ...a }: Assumptions, utilisation = a.utilisation): number {
  const needed = Math.max(1, Math.ceil(busy / (utilisation * cores)));
  return zones === 1 ? needed : Math.ceil(needed / (zones - 1)) * zones;
}

/** What one hall's looks take of the thread of the one node that answers them all, and what it may be busy with. */
export const threadOfAHall = (
  { answer, read }: Costs,
  { questions, reads }: Pick<Nodes, "questions" | "reads">,
  a: Assumptions,
) => ({
  taken: (questions * answer.booking + reads * read.booking) / a.hotHalls / 1e6,
  allowed: a.utilisation,
});

/** Cores that a cell's heartbeats take of the one broker that leads their one partition, and those that it may be busy with. */
export const coresOfALeader = ({ asked }: Pick<Nodes, "asked">, a: Assumptions) => ({
  taken: ((asked / a.cells) * a.heartbeatKafkaUs) / 1e6,
  allowed: a.utilisation * a.coresABroker,
});

/** What one cell has at most: of gateways by the node of one hall, of nodes by the leader of their heartbeats. */
export function cellLimit({ answer, read }: Costs, a: Assumptions): { gateways: number; nodes: number } {
  const thread = a.utilisation * 1e6 - READS_A_SECOND * read.booking;
  const leader = a.utilisation * a.coresABroker * 1e6;
  // nodes × asks × each = leader, with asks = nodes / (1 + nodes × roundTrip), solved for the nodes.
  const [asked, roundTrip] = [leader / a.heartbeatKafkaUs, a.roundTripMs / 1_000];
  return {
    gateways: Math.max(0, Math.floor(thread / (QUESTIONS_A_SECOND * answer.booking))),
    nodes: Math.floor((asked * roundTrip + Math.sqrt((asked * roundTrip) ** 2 + 4 * asked)) / 2),
  };
}
