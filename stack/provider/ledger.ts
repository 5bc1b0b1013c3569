import { randomUUID } from "node:crypto";
import { Journal } from "./journal.ts";

export interface Charge {
  /** What it was opened with: the same key is the same charge. */
  key: string;
  providerRef: string;
  state: "PENDING" | "TAKEN" | "DECLINED" | "STOPPED";
  reason?: string;
  amountMinor: number;
  currency: string;
  bookingId: string;
  expiresAt: string;
  /** Tells the result; until it is `delivered`, again and again. */
  event?: { id: string; time: string; delivered: boolean };
  /** A charge is given back once, and whole. */
  refund?: { key: string; refundRef: string; amountMinor: number };
}

export type NewCharge = Pick<Charge, "key" | "amountMinor" | "currency" | "bookingId" | "expiresAt">;
export type Refund = Pick<Charge, "providerRef" | "amountMinor" | "currency"> & { key: string };
/** How a charge ends; what is taken may be other than what was asked for, as by a provider that errs. */
export type Result =
  | { state: "TAKEN"; amountMinor?: number; currency?: string }
  | { state: "DECLINED"; reason: string };

/** Some 600 bytes each. */
const CHARGES_MAX = 50_000;

/** The provider's own book: in memory, and in a file to which each change is written before it is said. */
export class Ledger {
  readonly #journal: Journal<Charge>;
  readonly #charges = new Map<string, Charge>();
  readonly #byRef = new Map<string, Charge>();

  constructor(file: string) {
    this.#journal = new Journal(file, ({ key }) => key);
    for (const charge of this.#journal.entries) this.#keep(charge);
  }

  get isFull(): boolean {
    return this.#charges.size >= CHARGES_MAX;
  }

  find(key: string): Charge | undefined {
    return this.#charges.get(key);
  }

  findByRef(providerRef: string): Charge | undefined {
    return this.#byRef.get(providerRef);
  }

  /** Those whose money was taken, by key, from behind `after`. */
  taken(after: string, limit: number): Charge[] {
    const keys = [...this.#charges.values()].flatMap(({ key, state }) =>
      state === "TAKEN" && key > after ? [key] : [],
    );
    return keys
      .sort()
      .slice(0, limit)
      .map((key) => this.#charges.get(key) as Charge);
  }

  undelivered(): Charge[] {
    return [...this.#charges.values()].filter(({ event }) => event?.delivered === false);
  }

  open(wanted: NewCharge): Charge {
    return this.find(wanted.key) ?? this.#write(opened(wanted, "PENDING"));
  }

  /** Ends it unless it is over; one not heard of is entered as stopped, so that it can never be charged. */
  stop(wanted: NewCharge): Charge {
    const charge = this.find(wanted.key);
    if (!charge) return this.#write(opened(wanted, "STOPPED"));
    return charge.state === "PENDING" ? this.#write({ ...charge, state: "STOPPED" }) : charge;
  }

  /** What the buyer does; a charge that is over stays as it is. */
  end(charge: Charge, result: Result): Charge {
    if (charge.state !== "PENDING") return charge;
    const event = { id: `evt_${randomUUID()}`, time: new Date().toISOString(), delivered: false };
    return this.#write({ ...charge, ...result, event });
  }

  delivered(key: string): void {
    const charge = this.find(key);
    if (charge?.event) this.#write({ ...charge, event: { ...charge.event, delivered: true } });
  }

  /** The charge that is given back by this key, now or before; undefined where there is no such charge. */
  refund({ key, providerRef, amountMinor, currency }: Refund): Charge | undefined {
    const charge = this.findByRef(providerRef);
    if (charge?.state !== "TAKEN" || charge.amountMinor !== amountMinor || charge.currency !== currency)
      return undefined;
    if (charge.refund) return charge.refund.key === key ? charge : undefined;
    return this.#write({ ...charge, refund: { key, refundRef: `re_${randomUUID()}`, amountMinor } });
  }

  close(): void {
    this.#journal.close();
  }

  #write(charge: Charge): Charge {
    this.#journal.append(charge);
    return this.#keep(charge);
  }

  #keep(charge: Charge): Charge {
    this.#charges.set(charge.key, charge);
    this.#byRef.set(charge.providerRef, charge);
    return charge;
  }
}

const opened = ({ key, amountMinor, currency, bookingId, expiresAt }: NewCharge, state: Charge["state"]): Charge => ({
  key,
  providerRef: `ch_${randomUUID()}`,
  state,
  amountMinor,
  currency,
  bookingId,
  expiresAt,
});
