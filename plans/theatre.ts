import { writeFileSync } from "node:fs";
import { drawnRow, LETTERS, type Point, planJson, ROW_GAP, round, rounded, SEAT_GAP } from "./drawing.ts";

/**
 * Draws theatre.json, the sample plan: `node plans/theatre.ts`. A playhouse of the old kind, seen from above with the stage at
 * the top: stalls in three blocks between aisles, a circle behind and above them, boxes along both walls.
 */

const SIZE = { width: 1600, height: 1500 };
const MIDDLE = SIZE.width / 2;
/** The middle of all curves lies behind the stage. */
const FOCUS: Point = { x: MIDDLE, y: -420 };

const CATEGORIES = [
  { name: "Premium", color: "#b3261e" },
  { name: "Stalls", color: "#1f5fa8" },
  { name: "Circle", color: "#2e7d4f" },
  { name: "Box", color: "#7b4ea3" },
  { name: "Restricted view", color: "#8a8d91" },
];

const pointAt = (radius: number, angle: number): Point =>
  rounded({ x: FOCUS.x + radius * Math.sin(angle), y: FOCUS.y + radius * Math.cos(angle) });

export function theatre() {
  return {
    name: "Sample Theatre",
    categories: CATEGORIES,
    zones: [stalls(), circle(), boxes("Boxes left", -1), boxes("Boxes right", 1)],
    size: SIZE,
  };
}

/** Twenty curved rows that widen towards the back, each in three blocks: one Row object a block, one row for the buyer. */
function stalls() {
  const rows = LETTERS.slice(0, 20).flatMap((letter, r) => {
    const radius = 740 + r * ROW_GAP;
    const middle = 12 + Math.floor(r / 3);
    const side = 8 + Math.floor(r / 3);
    const category = r < 6 ? "Premium" : "Stalls";
    return arcBlocks("Stalls", letter, radius, [side, middle, side], (block) =>
      r < 2 && block !== 1 ? "Restricted view" : category,
    );
  });
  return {
    name: "Stalls",
    position: { x: 0, y: 0 },
    rows,
    areas: [
      {
        shape: "rectangle",
        position: { x: MIDDLE - 300, y: 60 },
        color: "#e8e2d5",
        border_color: "#6b6459",
        rectangle: { width: 600, height: 170 },
        text: { text: "Stage", position: { x: 300, y: 90 }, color: "#4a443b", size: 32 },
      },
    ],
  };
}

/** Eight rows on the balcony, curved alike, with four blocks. */
function circle() {
  const rows = LETTERS.slice(0, 8).flatMap((letter, r) => {
    const radius = 1500 + r * ROW_GAP;
    const side = 9 + Math.floor(r / 2);
    return arcBlocks("Circle", letter, radius, [side, 13, 13, side], (block) =>
      r > 5 && (block === 0 || block === 3) ? "Restricted view" : "Circle",
    );
  });
  return { name: "Circle", position: { x: 0, y: 70 }, rows };
}

/** A row along an arc, cut into blocks by aisles of two seats' width; numbers run from left to right over all blocks. */
function arcBlocks(
  zone: string,
  row: string,
  radius: number,
  blocks: readonly number[],
  categoryOf: (block: number) => string,
) {
  const step = SEAT_GAP / radius;
  const places = blocks.reduce((sum, seats) => sum + seats, 0) + 2 * (blocks.length - 1);
  let place = -(places - 1) / 2;
  let number = 0;
  return blocks.map((seats, block) => {
    const first = number + 1;
    const drawn = Array.from({ length: seats }, () => {
      const point = pointAt(radius, place * step);
      place += 1;
      number += 1;
      return { ...point, guid: `${zone}-${row}-${number}`, category: categoryOf(block) };
    });
    place += 2;
    return drawnRow({ number: row, label: "Row %s", first }, drawn);
  });
}

/** Ten boxes of five chairs along a wall; a box is a row of its own. */
function boxes(name: string, side: -1 | 1) {
  const rows = Array.from({ length: 10 }, (_, i) => {
    // Odd numbers on the left, even ones on the right, as in most houses.
    const box = `${2 * i + (side < 0 ? 1 : 2)}`;
    const seats = Array.from({ length: 5 }, (_, s) => ({
      seat_guid: `Box-${box}-${s + 1}`,
      seat_number: String(s + 1),
      position: { x: round(-side * Math.abs(s - 2) * 5), y: s * 22 },
      category: i < 2 ? "Restricted view" : "Box",
    }));
    return { row_number: box, row_label: "Box %s", position: { x: side * 30, y: i * 125 }, seats };
  });
  return { name, position: { x: MIDDLE + side * 720, y: 240 }, rows };
}

export const theatreJson = (): string => planJson(theatre());

if (import.meta.main) writeFileSync(new URL("theatre.json", import.meta.url), theatreJson());
