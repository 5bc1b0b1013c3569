import type { PlanJson } from "./seating-plan-format.ts";
import { type Problems, pathOf, quoted } from "./seating-plan-problems.ts";
import type { Walked, WalkedSeat } from "./seating-plan-walk.ts";

/** What is allowed, and yet probably not meant. Only for plans without errors. Yields between portions of work. */
export function* warnAboutPlan(
  walked: Walked,
  size: PlanJson["size"],
  base: string,
  warnings: Problems,
): Generator<void> {
  warnAboutCategories(walked, base, warnings);
  yield;
  yield* warnAboutLabels(walked.seats, warnings);
  yield* warnAboutPoints(walked.seats, warnings);
  for (const seat of walked.seats) {
    const isOutside = seat.x < 0 || seat.y < 0 || seat.x > size.width || seat.y > size.height;
    if (!isOutside) continue;
    const message = `The seat is at (${seat.x}, ${seat.y}), outside the plan's ${size.width} × ${size.height}.`;
    warnings.add(seat.place(), message);
  }
}

function warnAboutCategories({ categories, seats }: Walked, base: string, warnings: Problems): void {
  const used = new Set(seats.map((seat) => seat.category));
  const first = new Map<string, number>();
  for (const [i, { name }] of categories.entries()) {
    const place = { path: pathOf(base, `categories[${i}]`) };
    const other = first.get(name);
    if (other !== undefined) {
      warnings.add(place, `Two categories are named ${quoted(name)}: they count as one, as categories[${other}].`);
      continue;
    }
    first.set(name, i);
    if (!used.has(name)) warnings.add(place, `No seat is of the category ${quoted(name)}.`);
  }
}

/** A person finds a seat by zone, row and number, and a zone by its name. */
function warnAboutLabels(seats: readonly WalkedSeat[], warnings: Problems): Generator<void> {
  return warnAboutRepeats(
    seats,
    // No text holds a NUL here: that is an error.
    (seat) => `${seat.row.zone}\0${seat.row.name}\0${seat.number}`,
    (first) => `Another seat has the same zone, row and number: ${first.place().path}.`,
    warnings,
  );
}

function warnAboutPoints(seats: readonly WalkedSeat[], warnings: Problems): Generator<void> {
  return warnAboutRepeats(
    seats,
    (seat) => `${seat.x},${seat.y}`,
    (first) => `Another seat is on the very same point: ${first.place().path}.`,
    warnings,
  );
}

const TURN_SEATS = 10_000;

function* warnAboutRepeats(
  seats: readonly WalkedSeat[],
  keyOf: (seat: WalkedSeat) => string,
  messageOf: (first: WalkedSeat) => string,
  warnings: Problems,
): Generator<void> {
  const first = new Map<string, WalkedSeat>();
  for (const [i, seat] of seats.entries()) {
    if (i % TURN_SEATS === 0) yield;
    const key = keyOf(seat);
    const other = first.get(key);
    if (other) warnings.add(seat.place(), messageOf(other));
    else first.set(key, seat);
  }
}
