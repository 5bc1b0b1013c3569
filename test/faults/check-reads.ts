import type { BookingResponse } from "#contracts/booking.ts";
import type { Evidence, Violation } from "./checker.ts";
import type { CancelOp, ReadOp } from "./history.ts";
import type { BookingRow } from "./tables.ts";

const stateOf = ({ status, reason }: Pick<BookingResponse, "status" | "reason">): string =>
  reason === null ? status : `${status} (${reason})`;

/** I2: what may be seen after what. A run-out booking that is paid takes its seats again where they are free. */
const AFTER: Record<string, readonly string[]> = {
  PENDING: ["PENDING", "CONFIRMED", "CANCELLED (BY_USER)", "CANCELLED (PAYMENT_FAILED)", "CANCELLED (EXPIRED)"],
  CONFIRMED: ["CONFIRMED"],
  "CANCELLED (BY_USER)": ["CANCELLED (BY_USER)"],
  "CANCELLED (PAYMENT_FAILED)": ["CANCELLED (PAYMENT_FAILED)"],
  "CANCELLED (EXPIRED)": ["CANCELLED (EXPIRED)", "CONFIRMED"],
};

/** I7: who was told that a booking is cancelled finds it so for ever. */
export function cancelsKept({ history, bookings }: Evidence): Violation[] {
  const rows = new Map(bookings.map((row) => [row.id, row]));
  return history.ofKind("cancel").flatMap((op) => {
    const row = rows.get(op.bookingId);
    if (op.outcome !== "ok" || (row?.status === "CANCELLED" && row.reason === "BY_USER")) return [];
    const now = row ? `${row.status} ${row.reason}` : "in no table";
    return [{ invariant: "I7", problem: `${op.bookingId} was cancelled by ${op.client} and is ${now}` }];
  });
}

/** I2: a buyer who looks again sees the same, or what may follow; and finds the booking there. */
export function readsForward({ history, bookings }: Evidence): Violation[] {
  const seen = history.operations.filter((op): op is ReadOp | CancelOp => op.kind === "read" || op.kind === "cancel");
  const missing = seen
    .filter(({ status }) => status === 404)
    .map((op) => ({ invariant: "I7", problem: `${op.client} did not find ${op.bookingId} (${op.kind}, 404)` }));
  const rows = new Map(bookings.map((row) => [row.id, row]));
  const backward = [...Map.groupBy(seen, ({ bookingId }) => bookingId)].flatMap(([id, ops]) => {
    const looks = looksOf(ops, rows.get(id));
    for (const [n, later] of looks.entries()) {
      // Of two that were under way together either may have been answered first.
      const earlier = looks.slice(0, n).find((look) => look.ended < later.invoked && !mayFollow(look, later));
      if (earlier) return [{ invariant: "I2", problem: `${id} was ${earlier.state} and then ${later.state}` }];
    }
    return [];
  });
  return [...missing, ...backward];
}

interface Look {
  state: string;
  invoked: number;
  ended: number;
}

/** As they began; the row is looked at when all is over. */
function looksOf(ops: readonly (ReadOp | CancelOp)[], row: BookingRow | undefined): Look[] {
  const looks = ops.flatMap(({ booking, invoked, ended }): Look[] =>
    booking ? [{ state: stateOf(booking), invoked, ended }] : [],
  );
  const end = Number.POSITIVE_INFINITY;
  if (row) looks.push({ state: stateOf(row as Pick<BookingResponse, "status" | "reason">), invoked: end, ended: end });
  return looks.sort((a, b) => a.invoked - b.invoked);
}

const mayFollow = (earlier: Look, later: Look): boolean => AFTER[earlier.state]?.includes(later.state) ?? false;

/** I10, I12: whoever looks sees the seats, the sum and the deadline that the tables have, and the ticket once it is paid. */
export function readsWhole({ history, bookings }: Evidence): Violation[] {
  const rows = new Map(bookings.map((row) => [row.id, row]));
  return [...history.ofKind("read"), ...history.ofKind("cancel")].flatMap((op) => {
    const row = rows.get(op.bookingId);
    if (!op.booking || !row) return [];
    // Confirmed and then not: readsForward says so.
    if (op.booking.status === "CONFIRMED" && row.status !== "CONFIRMED") return [];
    const [said, is] = [ofAnswer(op.booking), ofRow(row, op.booking.status)];
    return said === is
      ? []
      : [{ invariant: "I12", problem: `${op.client} was shown ${row.id} as ${said}, and it is ${is}` }];
  });
}

function ofAnswer({ eventId, seats, totalMinor, expiresAt, ticketReference }: BookingResponse): string {
  const sum = seats.reduce((total, { priceMinor }) => total + priceMinor, 0);
  return JSON.stringify({
    eventId,
    seats: seats.map(({ seatId }) => seatId).sort(),
    sums: [totalMinor, sum],
    expiresAt: Date.parse(expiresAt),
    ticketReference,
  });
}

const ofRow = ({ eventId, items, totalMinor, expiresAt, ticketReference }: BookingRow, status: string): string =>
  JSON.stringify({
    eventId,
    seats: items.toSorted(),
    sums: [totalMinor, totalMinor],
    expiresAt,
    ticketReference: status === "CONFIRMED" ? ticketReference : null,
  });

/** What tells nothing of a booking: it is not there, or the token has run out with the key that signed it. */
const TELLING_NOTHING = [401, 404];

/** I9: another's booking is not there. */
export function strangersRefused({ history }: Evidence): Violation[] {
  return history
    .ofKind("peek")
    .filter(({ status, outcome }) => outcome !== "info" && !TELLING_NOTHING.includes(status))
    .map((op) => ({
      invariant: "I9",
      problem: `${op.client} asked for another's ${op.bookingId} and got ${op.status}`,
    }));
}
