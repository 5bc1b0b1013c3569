import { type Costs, STAGES } from "../../../bench/costs.ts";
import { ASSUMPTIONS, type Assumptions } from "../../../bench/model/assumptions.ts";

/** Every part of every stage costs the same, but for those named as `stage: part`. */
export function costing(each: number, others: Record<string, number> = {}): Costs {
  const stages = Object.entries(STAGES).map(([stage, parts]) => {
    return [stage, Object.fromEntries(parts.map((part) => [part, others[`${stage}: ${part}`] ?? each]))];
  });
  return Object.fromEntries(stages);
}

/** Numbers that one can reckon with by hand. */
export const BY_HAND: Assumptions = {
  ...ASSUMPTIONS,
  ...{ seatsABooking: 2, refusalsABooking: 2, looksABooking: 7, peak: 3, utilisation: 0.5, zones: 3, replicas: 3 },
  ...{ coresABroker: 2, coresADatabase: 4, walBytesASecond: 1e6, partitionBytesASecond: 1e5 },
  ...{ commitMs: 5, acknowledgedMs: 10, roundTripMs: 1, holdsInFlight: 70, hotHalls: 2, cells: 1 },
  // Nobody hears anybody.
  ...{ heartbeatNodeUs: 0, heartbeatKafkaUs: 0 },
};
