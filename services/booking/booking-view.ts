import type { BookingResponse, BookingStatus, CancelReason } from "#contracts/booking.ts";

/** A booking as the service knows it. */
export interface Booking {
  id: string;
  eventId: string;
  userId: string;
  status: BookingStatus;
  reason: CancelReason | null;
  /** The bookingVersion of its latest fact. */
  version: number;
  /** Every seat it was made with, released or not, by seat id. */
  seats: readonly BookedSeat[];
  totalMinor: number;
  currency: string;
  expiresAt: Date;
  ticketReference: string | null;
  /** The capture that confirmed it. */
  captureId: string | null;
  /** Of the request that made it: all its facts carry this one. */
  correlationId: string;
  createdAt: Date;
}

export interface BookedSeat {
  seatId: string;
  priceMinor: number;
}

/** The booking as its owner sees it. */
export const viewOf = (booking: Booking): BookingResponse => ({
  id: booking.id,
  eventId: booking.eventId,
  status: booking.status,
  reason: booking.reason,
  seats: [...booking.seats],
  totalMinor: booking.totalMinor,
  currency: booking.currency,
  expiresAt: booking.expiresAt.toISOString(),
  ticketReference: booking.ticketReference,
  createdAt: booking.createdAt.toISOString(),
});
