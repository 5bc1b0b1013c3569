import type { Fact } from "#contracts/events.ts";
import type { Evidence, Violation } from "./checker.ts";
import type { BookingRow } from "./tables.ts";

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

const spanOf = (from: number, until: number) => ({ from, until });

/** I1: the same by the database's own clock, under whose locks the facts were written. */
export function seatsNeverSharedByFacts({ bookings, facts }: Evidence): Violation[] {
  const told = Map.groupBy(once(facts), ({ data }) => (data as { bookingId?: string }).bookingId ?? "");
  const owned = bookings.flatMap((row) =>
    spansOf(told.get(row.id) ?? []).flatMap((span) =>
      row.items.map((seat) => ({ seat: `${row.eventId}/${seat}`, bookingId: row.id, ...span })),
    ),
  );
  return overlaps(owned, "by their facts");
}

const once = (facts: readonly Fact[]): Fact[] => [...new Map(facts.map((fact) => [fact.id, fact])).values()];

/** From a fact that takes the seats to the one that lets them go; a retake is a second time. */
function spansOf(facts: readonly Fact[]): Pick<Ownership, "from" | "until">[] {
  const own = facts
    .filter(({ type }) => type.startsWith("booking.") && type !== "booking.refund_due")
    .sort((a, b) => versionOf(a) - versionOf(b));
  const spans: Pick<Ownership, "from" | "until">[] = [];
  let since: number | undefined;
  for (const { type, time } of own) {
    const at = instantOf(time);
    if (type === "booking.created" || type === "booking.confirmed") since ??= at;
    else if (since !== undefined) {
      spans.push({ from: since, until: at });
      since = undefined;
    }
  }
  return since === undefined ? spans : [...spans, { from: since, until: Number.POSITIVE_INFINITY }];
}

const versionOf = (fact: Fact): number => (fact.data as { bookingVersion: number }).bookingVersion;

/** To the microsecond, which Date does not keep. */
function instantOf(time: string): number {
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

/** I8: run-out holds are swept soon, and none is left. */
export function deadlinesKept({ bookings, facts, sweptFrom }: Evidence): Violation[] {
  const expired = new Map(
    facts.flatMap((fact) => (fact.type === "booking.expired" ? [[fact.subject, instantOf(fact.time)] as const] : [])),
  );
  return bookings.flatMap((row) => {
    if (row.status === "PENDING") return [{ invariant: "I8", problem: `${row.id} is PENDING still` }];
    const lateMs = lateness(row, expired.get(row.id), sweptFrom);
    return lateMs > SWEPT_WITHIN_MS
      ? [{ invariant: "I8", problem: `${row.id} was swept ${Math.round(lateMs)} ms after its turn` }]
      : [];
  });
}

const lateness = ({ expiresAt }: BookingRow, swept: number | undefined, sweptFrom: number): number =>
  swept === undefined ? 0 : swept - Math.max(expiresAt, sweptFrom);
