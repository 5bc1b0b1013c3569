/** What the sample plans are drawn with. Units are pixels, y grows downwards. */

export interface Point {
  x: number;
  y: number;
}

export interface DrawnSeat extends Point {
  guid: string;
  category: string;
}

/** From the middle of one seat to that of the next, and from row to row. */
export const SEAT_GAP = 24;
export const ROW_GAP = 34;

/** Houses leave out I and O, which are read as 1 and 0. */
export const LETTERS = [..."ABCDEFGHJKLMNPQRSTUVWXYZ"];

export const round = (value: number) => Math.round(value * 10) / 10;
export const rounded = ({ x, y }: Point): Point => ({ x: round(x), y: round(y) });

/** A row of the plan's format, whose seats stand where they were drawn; they are numbered from `first` on. */
export function drawnRow(row: { number: string; label: string; first: number }, seats: readonly DrawnSeat[]) {
  const [{ x, y }] = seats as [DrawnSeat];
  return {
    row_number: row.number,
    row_label: row.label,
    seat_label: "Seat %s",
    position: { x, y },
    seats: seats.map((seat, n) => ({
      seat_guid: seat.guid,
      seat_number: String(row.first + n),
      position: { x: round(seat.x - x), y: round(seat.y - y) },
      category: seat.category,
    })),
  };
}

/** Writes a plan to stdout. Whoever reads it may have seen enough, as `head` has. */
export function print(json: string): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  process.stdout.write(json);
}

/** One line a seat, so that a change of the drawing reads well as a diff. */
export const planJson = (plan: object): string =>
  `${JSON.stringify(plan).replaceAll(/\{"(?=seat_guid|row_number|name)/g, '\n{"')}\n`;
