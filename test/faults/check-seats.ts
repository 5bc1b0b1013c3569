import type { Fact } from "#contracts/events.ts";
import type { Evidence, Violation } from "./checker.ts";

/** Of a run-out hold from its deadline, or from when a sweeper could do it. */
const SWEPT_WITHIN_MS = 5_000;

/** A time in which a seat was somebody's: from `from` to `until`, epoch ms with fractions. */
interface Ownership {
  seat: string;
  bookingId: string;
  from: number;
  until: number;
}

/** I1: no two buyers rightly believed at one time that a seat was theirs. */
export function seatsNeverShared({ history, bookings }: Evidence): Violation[] {
  // One that was refused gave nothing up.
  const cancels = Map.groupBy(
    history.ofKind("cancel").filter(({ outcome }) => outcome !== "fail"),
    ({ bookingId }) => bookingId,
  );
  const reads = Map.groupBy(history.ofKind("read"), ({ bookingId }) => bookingId);
  const holds = new Map(
    history.ofKind("hold").flatMap((op) => (op.outcome === "ok" && op.booking ? [[op.booking.id, op] as const] : [])),
  );
  const owned = bookings.flatMap((row): Ownership[] => {
    const hold = holds.get(row.id);
    const givenUp = Math.min(...(cancels.get(row.id) ?? []).map(({ invoked }) => invoked));
    const active = (reads.get(row.id) ?? []).filter((op) => op.invoked < givenUp);
    const pending = active.filter(({ booking }) => booking?.status === "PENDING");
    const confirmed = active.filter(({ booking }) => booking?.status === "CONFIRMED");
    return [
      // PENDING is never come back to: whoever reads it had the seats ever since the hold.
      ...(hold && pending.length > 0 ? [spanOf(hold.ended, Math.max(...pending.map((op) => op.invoked)))] : []),
      ...(confirmed.length > 0 ? [spanOf(Math.min(...confirmed.map((op) => op.ended)), Number.POSITIVE_INFINITY)] : []),
    ].flatMap((span) => row.items.map((seat) => ({ seat: `${row.eventId}/${seat}`, bookingId: row.id, ...span })));
  });
  return overlaps(owned, "as their buyers saw it");
}

export const spanOf = (from: number, until: number) => ({ from, until });

/** I1: the same by the database's own clock, under whose locks the facts were written. */
export function seatsNeverSharedByFacts({ bookings, facts }: Evidence): Violation[] {
  const told = factsByBooking(facts);
  const owned = bookings.flatMap((row) =>
    spansOf(told.get(row.id) ?? []).flatMap((span) =>
      row.items.map((seat) => ({ seat: `${row.eventId}/${seat}`, bookingId: row.id, ...span })),
    ),
  );
  return overlaps(owned, "by their facts");
}

/** Each once, however often it was published. */
export function factsByBooking(facts: readonly Fact[]): Map<string, Fact[]> {
  const once = new Map(facts.map((fact) => [fact.id, fact]));
  return Map.groupBy(once.values(), ({ data }) => (data as { bookingId?: string }).bookingId ?? "");
}

const toldAt = (fact: Fact): number => instantOf(fact.time);

/** From a fact that takes the seats to the one that lets them go, at `endOf`; a retake is a second time. */
export function spansOf(facts: readonly Fact[], endOf = toldAt): Pick<Ownership, "from" | "until">[] {
  const own = facts
    .filter((fact) => isOfBooking(fact) && fact.type !== "booking.refund_due")
    .sort((a, b) => versionOf(a) - versionOf(b));
  const spans: Pick<Ownership, "from" | "until">[] = [];
  let since: number | undefined;
  for (const fact of own) {
    if (fact.type === "booking.created" || fact.type === "booking.confirmed") since ??= toldAt(fact);
    else if (since !== undefined) {
      spans.push({ from: since, until: endOf(fact) });
      since = undefined;
    }
  }
  return since === undefined ? spans : [...spans, { from: since, until: Number.POSITIVE_INFINITY }];
}

const isOfBooking = ({ type }: Fact): boolean => type.startsWith("booking.");

const versionOf = (fact: Fact): number => (fact.data as { bookingVersion: number }).bookingVersion;

/** To the microsecond, which Date does not keep. */
export function instantOf(time: string): number {
  const micros = /\.(\d{3})(\d{3})/.exec(time)?.[2] ?? "0";
  return Date.parse(time) + Number(micros) / 1_000;
}

function overlaps(owned: readonly Ownership[], how: string): Violation[] {
  return [...Map.groupBy(owned, ({ seat }) => seat)].flatMap(([seat, spans]) => {
    const found: Violation[] = [];
    let last: Ownership | undefined;
    for (const span of spans.toSorted((a, b) => a.from - b.from)) {
      if (last && last.bookingId !== span.bookingId && span.from < last.until) {
        found.push({
          invariant: "I1",
          problem: `seat ${seat} was ${last.bookingId}'s and ${span.bookingId}'s, ${how}`,
        });
      }
      if (!last || span.until > last.until) last = span;
    }
    return found;
  });
}

/** I8: no hold outlives its deadline for long, whatever ended it, and none is left. */
export function deadlinesKept({ bookings, facts, sweptFrom }: Evidence): Violation[] {
  const told = factsByBooking(facts);
  return bookings.flatMap((row) => {
    if (row.status === "PENDING") return [{ invariant: "I8", problem: `${row.id} is PENDING still` }];
    const ended = told.get(row.id)?.find((fact) => isOfBooking(fact) && versionOf(fact) === 2);
    const lateMs = ended ? toldAt(ended) - Math.max(row.expiresAt, sweptFrom) : 0;
    return ended && lateMs > SWEPT_WITHIN_MS
      ? [{ invariant: "I8", problem: `${row.id} was PENDING for ${Math.round(lateMs)} ms too long: ${ended.type}` }]
      : [];
  });
}
