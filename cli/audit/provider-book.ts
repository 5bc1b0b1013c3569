import { StackError } from "#stack/stack-error.ts";

/** A charge as the provider's own book has it. */
export interface BookedCharge {
  /** `<paymentId>:<attempt>`. */
  key: string;
  providerRef: string;
  state: string;
  amountMinor: number;
  currency: string;
  /** How often it was given back, and how much in all. */
  refunds: number;
  refundedMinor: number;
}

/** What a provider knows by itself, whatever our tables say. */
export interface ProviderBook {
  /** Charges by their references; those that it does not have are missing. */
  find(refs: readonly string[]): Promise<Map<string, BookedCharge>>;
  /** Charges whose money was taken, a page at a time: all, or of those keys only. */
  taken(keys: readonly string[] | null): AsyncIterable<BookedCharge[]>;
}

/** The books of all providers that may have taken money, by the name that captures give them. */
export type Books = ReadonlyMap<string, ProviderBook>;

/** Throws StackError when nobody said where that provider can be asked. */
export function bookOf(books: Books, provider: string): ProviderBook {
  const book = books.get(provider);
  if (book) return book;
  throw new StackError(
    `There are captures of the provider "${provider}", which cannot be asked: set PAYMENT_API_URL and PAYMENT_API_KEY, ` +
      `or start its stand-in with PAYMENT_PROVIDER=${provider} npx eventix up`,
  );
}

export const byRef = (charges: readonly BookedCharge[]): Map<string, BookedCharge> =>
  new Map(charges.map((charge) => [charge.providerRef, charge]));
