import type { Costs } from "../costs.ts";
import type { Assumptions } from "./assumptions.ts";

/** Bookings a second, and what the requests of the busiest second are. */
export interface Demand {
  bookings: number;
  requests: number;
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
