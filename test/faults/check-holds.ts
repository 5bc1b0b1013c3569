import type { Fact } from "#contracts/events.ts";
import { factsByBooking, instantOf, spanOf, spansOf } from "./check-seats.ts";
import type { Evidence, Violation } from "./checker.ts";
import type { HoldOp } from "./history.ts";
import type { BookingRow } from "./tables.ts";

const sorted = (ids: readonly string[]): string => [...ids].sort().join(" ");

/** I7: whoever was told 201 has that booking, with those seats. */
export function holdsKept({ history, bookings }: Evidence): Violation[] {
  const rows = new Map(bookings.map((row) => [row.id, row]));
  return history.ofKind("hold").flatMap((op) => {
    if (op.outcome !== "ok") return [];
    const row = rows.get(op.booking?.id ?? "");
    const problem = row ? differences(op, row) : "is in no table";
    return problem
      ? [{ invariant: "I7", problem: `${op.client} was granted ${op.booking?.id}, which ${problem}` }]
      : [];
  });
}

function differences(op: HoldOp, row: BookingRow): string | undefined {
  if (row.userId !== op.client) return `is ${row.userId}'s`;
  if (row.eventId !== op.eventId) return `is of event ${row.eventId}`;
  if (sorted(row.items) !== sorted(op.seatIds)) return `holds ${sorted(row.items)}, not ${sorted(op.seatIds)}`;
  return row.totalMinor === op.booking?.totalMinor
    ? undefined
    : `costs ${row.totalMinor}, not ${op.booking?.totalMinor}`;
}

/**
 * I7: every booking was granted to somebody, or asked for by a request of which nobody knows what became of it, and then it is
 * whole. Each such request, with all that repeat its key, explains one booking.
 */
export function bookingsAccounted({ history, bookings }: Evidence): Violation[] {
  const holds = history.ofKind("hold");
  const granted = new Set(holds.flatMap(({ outcome, booking }) => (outcome === "ok" && booking ? [booking.id] : [])));
  const open = Map.groupBy(wishesNobodyKnows(holds), wishOf);
  return bookings.flatMap((row) => {
    if (granted.has(row.id)) return [];
    const wish = wishOf({ client: row.userId, eventId: row.eventId, seatIds: row.items });
    if (open.get(wish)?.pop()) return [];
    return [
      { invariant: "I7", problem: `booking ${row.id} of ${row.userId} for ${sorted(row.items)} was never granted` },
    ];
  });
}

const wishOf = ({ client, eventId, seatIds }: Pick<HoldOp, "client" | "eventId" | "seatIds">): string =>
  `${client} ${eventId} ${sorted(seatIds)}`;

/** One of each key; of a key that was answered in the end, that answer is the whole truth. */
function wishesNobodyKnows(holds: readonly HoldOp[]): HoldOp[] {
  const keyed = Map.groupBy(
    holds.filter(({ key }) => key !== undefined),
    ({ key }) => key,
  );
  const open = [...keyed.values()].flatMap((ops) =>
    ops.some(({ outcome }) => outcome === "ok") || ops.every(({ outcome }) => outcome === "fail")
      ? []
      : [ops[0] as HoldOp],
  );
  return [...open, ...holds.filter(({ key, outcome }) => key === undefined && outcome === "info")];
}

/** I11: all answers to one key are one answer. */
export function keysHonoured({ history }: Evidence): Violation[] {
  const granted = history.ofKind("hold").filter(({ key, outcome }) => key !== undefined && outcome === "ok");
  return [...Map.groupBy(granted, ({ key }) => key)].flatMap(([key, ops]) => {
    const answers = new Set(ops.map(({ booking }) => JSON.stringify(booking)));
    return answers.size > 1 ? [{ invariant: "I11", problem: `${key} was answered ${[...answers].join(" and ")}` }] : [];
  });
}

/** Refusals that say nothing about the request: another may be under way, or its token has gone bad. */
const NO_ANSWERS = ["REQUEST_IN_PROGRESS", "UNAUTHORIZED"];

/** I11: from when a key was granted, or its booking is there though nobody was told, nobody who repeats it is refused. */
export function repeatsNotRefused({ history, bookings, facts, publishedAt }: Evidence): Violation[] {
  const holds = history.ofKind("hold");
  const since = new Map<string, number>();
  const note = (key: string | null | undefined, at: number | undefined) => {
    if (key && at !== undefined) since.set(key, Math.min(at, since.get(key) ?? at));
  };
  for (const { key, outcome, ended } of holds) if (outcome === "ok") note(key, ended);
  const keyOf = new Map(bookings.map(({ id, key }) => [id, key]));
  for (const { type, subject, id } of facts)
    if (type === "booking.created") note(keyOf.get(subject), publishedAt.get(id));
  return holds
    .filter(({ key = "", outcome, code = "", invoked }) => {
      const granted = since.get(key);
      return outcome === "fail" && !NO_ANSWERS.includes(code) && granted !== undefined && granted < invoked;
    })
    .map(({ key, client, code }) => ({
      invariant: "I11",
      problem: `${client} repeated ${key}, which had been granted, and was refused: ${code}`,
    }));
}

/** For how long a node believes what it has read of a seat, and some more for clocks that are read in turn. */
const BELIEVED_MS = 1_000 + 100;

/** A hold is refused for a seat that was somebody's: when it was asked for, until it was answered, or when it was last read. */
export function refusalsTrue({ history, bookings, facts, publishedAt }: Evidence): Violation[] {
  const told = factsByBooking(facts);
  const committed = (fact: Fact) => publishedAt.get(fact.id) ?? instantOf(fact.time);
  const spans = bookings.flatMap((row) => {
    const own = told.get(row.id);
    // The audit looks for what was never told.
    const taken = own ? spansOf(own, committed) : [spanOf(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)];
    return taken.flatMap((span) => row.items.map((seat) => ({ seat: `${row.eventId}/${seat}`, ...span })));
  });
  const bySeat = Map.groupBy(spans, ({ seat }) => seat);
  return history.ofKind("hold").flatMap(({ client, code, eventId, seatIds, invoked, ended }) => {
    if (code !== "SEAT_ALREADY_RESERVED") return [];
    const isTrue = seatIds.some((seat) =>
      bySeat.get(`${eventId}/${seat}`)?.some(({ from, until }) => from <= ended && until >= invoked - BELIEVED_MS),
    );
    return isTrue
      ? []
      : [{ invariant: "answers", problem: `${client} was refused ${sorted(seatIds)}, which nobody had` }];
  });
}
