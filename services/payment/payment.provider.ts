/** One charge. The same key is the same charge, however often it is sent. */
export interface ChargeRequest {
  /** `<paymentId>:<attempt>`. */
  key: string;
  bookingId: string;
  eventId: string;
  seatIds: readonly string[];
  userId: string;
  amountMinor: number;
  currency: string;
}

/** Money was taken; what the provider says was taken counts, not what was asked for. */
export interface Taken {
  state: "TAKEN";
  providerRef: string;
  amountMinor: number;
  currency: string;
}

/** A charge that is over. STOPPED: nothing was taken with this key, and nothing ever will be. */
export type Final = Taken | { state: "DECLINED"; reason: string } | { state: "STOPPED" };

/** PENDING: the provider works on it. UNKNOWN: it never heard of the key; a charge may still be on its way to it. */
export type ChargeState = Final | { state: "PENDING" } | { state: "UNKNOWN" };

export const isFinal = (charge: ChargeState): charge is Final =>
  charge.state !== "PENDING" && charge.state !== "UNKNOWN";

export interface RefundRequest {
  /** `<captureId>:refund`. */
  key: string;
  providerRef: string;
  amountMinor: number;
  currency: string;
}

/**
 * Whoever takes the money. Every call ends when `signal` aborts, by rejecting: what became of it is then found out with
 * `inspect`. A rejection says nothing about the money.
 */
export interface PaymentProvider {
  /** Names the provider in captures; with its references unique. */
  readonly name: string;
  /** Resolves when the charge is over. */
  charge(request: ChargeRequest, signal: AbortSignal): Promise<Final>;
  inspect(key: string, signal: AbortSignal): Promise<ChargeState>;
  /** Ends the charge one way or the other: taken or declined if it was already, else never. */
  stop(request: ChargeRequest, signal: AbortSignal): Promise<Final>;
  /** Whether the money went back; the same key gives back once. */
  refund(request: RefundRequest, signal: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}
