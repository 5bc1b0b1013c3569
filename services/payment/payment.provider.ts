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
  /** When the hold ends (RFC 3339), for a provider that shows buyers how much time they have. */
  expiresAt: string;
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

/** The provider works on it, or waits for the buyer, who pays at `checkoutUrl`. */
export interface Pending {
  state: "PENDING";
  checkoutUrl?: string;
}

/** UNKNOWN: the provider never heard of the key; a charge may still be on its way to it. */
export type ChargeState = Final | Pending | { state: "UNKNOWN" };

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
  /**
   * Resolves when the charge is over, or with PENDING when that is for the buyer to say: no call waits for a person. Such a
   * provider tells the result by itself (payment-events.ts), and is asked for it now and then.
   */
  charge(request: ChargeRequest, signal: AbortSignal): Promise<Final | Pending>;
  inspect(key: string, signal: AbortSignal): Promise<ChargeState>;
  /** Ends the charge one way or the other: taken or declined if it was already, else never. */
  stop(request: ChargeRequest, signal: AbortSignal): Promise<Final>;
  /** Whether the money went back; the same key gives back once. */
  refund(request: RefundRequest, signal: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}
