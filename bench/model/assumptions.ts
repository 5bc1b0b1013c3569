import { BATCHES_IN_FLIGHT } from "../../services/booking/batch-pace.ts";
import { BATCH_LIMIT } from "../../services/booking/hold.committer.ts";

interface Assumed {
  value: number;
  unit: string;
  why: string;
}

/** What the bench does not measure but somebody has to choose, with the reason for each choice. */
export const ASSUMED = {
  seatsABooking: { value: 2, unit: "seats", why: "as in the bench" },
  refusalsABooking: { value: 20, unit: "requests", why: "holds that come too late, for each that is granted" },
  looksABooking: { value: 80, unit: "requests", why: "looks at the hall, about four for each try" },
  peak: {
    value: 10,
    unit: "×",
    why: "the busiest second to the mean of its hour; Indian Railways' busiest minute had nine times its busiest usual hour",
  },
  utilisation: { value: 0.6, unit: "of a core", why: "beyond it a short burst makes everybody wait, see below" },
  zones: { value: 3, unit: "zones", why: "any one may be lost in the busiest second, and the others carry all" },
  hotHalls: {
    value: 40,
    unit: "halls",
    why: "looked at all the time, through every gateway; 2 million tickets are as many halls of 50,000 seats",
  },
  cells: { value: 1, unit: "cells", why: "each a namespace, with nodes and events of its own; only one is built" },
  heartbeatNodeUs: { value: 50, unit: "µs", why: "of a node for a heartbeat that it hears alone, see below" },
  heartbeatKafkaUs: { value: 100, unit: "µs", why: "of Kafka to tell one node of one heartbeat, see below" },
  replicas: { value: 3, unit: "copies", why: "of each Kafka record, one a zone, each counted as costly as the first" },
  coresABroker: { value: 4, unit: "cores", why: "of a Kafka broker" },
  coresADatabase: {
    value: 8,
    unit: "cores",
    why: "of a shard's primary; each has a standby in another zone beside it",
  },
  walBytesASecond: {
    value: 100e6,
    unit: "bytes/s",
    why: "of write-ahead log on a disk that takes pages and checkpoints too",
  },
  partitionBytesASecond: {
    value: 10e6,
    unit: "bytes/s",
    why: "of small records in three copies, the low end of what is published",
  },
  commitMs: { value: 5, unit: "ms", why: "a commit that waits for a standby in another zone" },
  acknowledgedMs: { value: 10, unit: "ms", why: "Kafka's acknowledgement by all copies" },
  roundTripMs: { value: 1, unit: "ms", why: "from a node to a database in another zone and back" },
  holdsInFlight: {
    value: BATCHES_IN_FLIGHT * BATCH_LIMIT,
    unit: "holds",
    why: `${BATCHES_IN_FLIGHT} batches of ${BATCH_LIMIT}, as the committer has them`,
  },
} satisfies Record<string, Assumed>;

export type Assumptions = Record<keyof typeof ASSUMED, number>;

export const ASSUMPTIONS = Object.fromEntries(
  Object.entries(ASSUMED).map(([name, { value }]) => [name, value]),
) as Assumptions;
