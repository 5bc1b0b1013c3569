import type { CreateEvent } from "#contracts/catalog.ts";
import { EventixError } from "#contracts/errors.ts";
import type { SellableVenue } from "./venue.repository.ts";

interface Wrong {
  field: string;
  message: string;
}

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf("currency"));
const YEARS = { first: 2000, last: 2999 };

/**
 * The instant in UTC with milliseconds, or undefined when there is no such time (30 February, 25:00) or no event could be
 * then. `text` has the form of the contract's `instant`.
 */
export function instantOf(text: string): string | undefined {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return undefined;
  // Date rolls 30 February over to March; what was written is looked at apart from its offset.
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split("-").map(Number);
  const isOnCalendar = day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  return isOnCalendar && year >= YEARS.first && year <= YEARS.last ? time.toISOString() : undefined;
}

export interface Times {
  startsAt: string;
  saleFrom: string | null;
  saleUntil: string | null;
}

/** The event's times in UTC. Throws VALIDATION_ERROR naming each wrong field: no real time, unknown currency, sale window. */
export function checkTerms(event: CreateEvent): Times {
  const wrong: Wrong[] = [];
  const read = (field: keyof Times) => {
    const text = event[field];
    if (text === undefined || text === null) return null;
    const instant = instantOf(text);
    if (!instant) wrong.push({ field, message: `is no time between the years ${YEARS.first} and ${YEARS.last}` });
    return instant ?? null;
  };
  const [startsAt, saleFrom, saleUntil] = [read("startsAt"), read("saleFrom"), read("saleUntil")];
  if (saleFrom && saleUntil && saleFrom >= saleUntil) {
    wrong.push({ field: "saleUntil", message: "must be later than saleFrom" });
  }
  if (saleFrom && startsAt && saleFrom >= startsAt) {
    wrong.push({ field: "saleFrom", message: "must be earlier than startsAt" });
  }
  if (!CURRENCIES.has(event.currency)) wrong.push({ field: "currency", message: "is not a currency of ISO 4217" });
  if (wrong.length > 0 || !startsAt) throw new EventixError("VALIDATION_ERROR", { errors: wrong });
  return { startsAt, saleFrom, saleUntil };
}

/** Throws VALIDATION_ERROR for a venue without seats, PRICE_MISSING unless each category that has seats is priced, and no other. */
export function checkPrices(venue: SellableVenue, prices: Record<string, number>): void {
  if (venue.categories.length === 0) {
    const message = "has no seats to sell: import a plan that has some";
    throw new EventixError("VALIDATION_ERROR", { errors: [{ field: "venueId", message }] });
  }
  const names = new Set(venue.categories.map(({ name }) => name));
  const missing = [...names].filter((name) => !Object.hasOwn(prices, name));
  const unknown = Object.keys(prices).filter((name) => !names.has(name));
  if (missing.length === 0 && unknown.length === 0) return;
  throw new EventixError("PRICE_MISSING", { missing, unknown, categories: venue.categories });
}
