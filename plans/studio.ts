import { drawnRow, LETTERS, planJson, print, ROW_GAP, SEAT_GAP } from "./drawing.ts";

/** Draws the smallest sample: `node plans/studio.ts` prints it. A black box with six rows of twelve chairs. */

const ROWS = 6;
const SEATS = 12;
const MARGIN = 60;
const SIZE = { width: 2 * MARGIN + (SEATS - 1) * SEAT_GAP, height: 2 * MARGIN + (ROWS - 1) * ROW_GAP };

export function studio() {
  const rows = LETTERS.slice(0, ROWS).map((row, r) => {
    const drawn = Array.from({ length: SEATS }, (_, n) => ({
      x: MARGIN + n * SEAT_GAP,
      y: MARGIN + r * ROW_GAP,
      guid: `${row}-${n + 1}`,
      category: "Seats",
    }));
    return drawnRow({ number: row, label: "Row %s", first: 1 }, drawn);
  });
  return {
    name: "Sample Studio",
    categories: [{ name: "Seats", color: "#1f5fa8" }],
    zones: [{ name: "Studio", position: { x: 0, y: 0 }, rows }],
    size: SIZE,
  };
}

export const studioJson = (): string => planJson(studio());

if (import.meta.main) print(studioJson());
