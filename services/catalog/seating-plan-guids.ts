import { type Problems, pathOf, quoted } from "./seating-plan-problems.ts";
import { textFault } from "./seating-plan-text.ts";
import type { WalkedSeat } from "./seating-plan-walk.ts";

/** Reports each seat whose guid another seat before it in the file has. */
export function refuseRepeatedGuids(seats: readonly WalkedSeat[], errors: Problems): void {
  for (const [guid, [first, ...others]] of repeated(seats)) {
    for (const seat of others) {
      const place = seat.place();
      const message = `The guid ${quoted(guid)} is already used at ${first?.place().path}.`;
      errors.add({ ...place, path: pathOf(place.path, "seat_guid") }, message);
    }
  }
}

/**
 * Makes guids that repeat unique with zone and row: all of them, the first too, so that none changes its name when another
 * leaves the plan. Where zone and row do not tell them apart either (a block copied within its row), a number follows that
 * counts from left to right. Says what became of each in `warnings`.
 */
export function qualifyRepeatedGuids(seats: readonly WalkedSeat[], errors: Problems, warnings: Problems): void {
  const groups = repeated(seats);
  const taken = new Set<string>();
  for (const { guid } of seats) if (!groups.has(guid)) taken.add(guid);
  const copies = new Map<string, number>();
  for (const [guid, group] of groups) {
    for (const seat of group.toSorted(byZoneAndPlace)) {
      const plain = [seat.row.zone, seat.row.name, guid].map(tidy).filter(Boolean).join("-");
      let unique = plain;
      while (taken.has(unique)) {
        const copy = (copies.get(plain) ?? 1) + 1;
        copies.set(plain, copy);
        unique = `${plain}#${copy}`;
      }
      taken.add(unique);
      seat.guid = unique;
      const place = { ...seat.place() };
      place.path = pathOf(place.path, "seat_guid");
      const fault = textFault(unique);
      if (fault) errors.add(place, `The guid ${quoted(guid)}, made unique with zone and row, ${fault}.`);
      else
        warnings.add(
          place,
          `The guid ${quoted(guid)} is used ${group.length} times; here it became ${quoted(unique)}.`,
        );
    }
  }
}

/** The seats of each guid that several have, in the order of the file. */
function repeated(seats: readonly WalkedSeat[]): Map<string, WalkedSeat[]> {
  const first = new Map<string, WalkedSeat>();
  const groups = new Map<string, WalkedSeat[]>();
  for (const seat of seats) {
    const other = first.get(seat.guid);
    if (!other) first.set(seat.guid, seat);
    else if (groups.has(seat.guid)) groups.get(seat.guid)?.push(seat);
    else groups.set(seat.guid, [other, seat]);
  }
  return groups;
}

const byZoneAndPlace = (a: WalkedSeat, b: WalkedSeat) => a.row.zoneIndex - b.row.zoneIndex || a.x - b.x || a.y - b.y;

/** A guid has no space at its ends and no line break; a zone's name may. */
const tidy = (text: string) => text.trim().replaceAll(/\s+/g, " ");
