import { drawnRow, LETTERS, type Point, planJson, print, ROW_GAP, rounded, SEAT_GAP } from "./drawing.ts";
import { type Sector, sectorsOf } from "./oval.ts";

/**
 * Draws the sample arena, some 20,000 seats: `node plans/arena.ts` prints it. A hall as for ice hockey with a stage at one end:
 * seats on the floor, two tiers of blocks around it with a ring of boxes between them, wheelchair places behind the lower tier.
 * Blocks behind the stage are left out, as they are at concerts. Its plan is drawn and not kept in the repository: two megabytes.
 */

/** The floor, from its middle; the tiers stand around it. */
const FLOOR = { x: 650, y: 1250, corner: 420 };
const LOWER = { from: 120, rows: LETTERS };
const BOXES = { from: LOWER.from + 27 * ROW_GAP, width: 9.5 * SEAT_GAP, seats: 8 };
const UPPER = { from: BOXES.from + 3 * ROW_GAP, rows: Array.from({ length: 21 }, (_, n) => String(n + 1)) };
const EDGE = UPPER.from + UPPER.rows.length * ROW_GAP + 40;

/** Of the drawing, at the top, where no blocks are. */
const EMPTY = 420;

const SIZE = { width: 2 * (FLOOR.x + EDGE), height: 2 * (FLOOR.y + EDGE) - EMPTY };
const MIDDLE: Point = { x: FLOOR.x + EDGE, y: FLOOR.y + EDGE - EMPTY };

/** Between two blocks, in pixels. */
const AISLE = 2 * SEAT_GAP;
/** Nearer to the end of the hall than this, nothing is seen of the show, or only its side. */
const BEHIND_STAGE = -1_200;
const BESIDE_STAGE = -1_050;

const CATEGORIES = [
  { name: "Golden circle", color: "#b8860b" },
  { name: "Floor", color: "#b3261e" },
  { name: "Lower tier", color: "#1f5fa8" },
  { name: "Upper tier", color: "#2e7d4f" },
  { name: "Box", color: "#7b4ea3" },
  { name: "Wheelchair", color: "#0f7c86" },
  { name: "Restricted view", color: "#8a8d91" },
];

const placed = ({ x, y }: Point): Point => rounded({ x: MIDDLE.x + x, y: MIDDLE.y + y });

export function arena() {
  const lower = sectorsOf(FLOOR, { end: 1, corner: 3, side: 4 });
  const upper = sectorsOf(FLOOR, { end: 1, corner: 5, side: 4 });
  return {
    name: "Sample Arena",
    categories: CATEGORIES,
    zones: [
      ...floor(),
      ...facingStage(lower).map(({ sector, number }) => lowerBlock(sector, String(100 + number))),
      boxes(sectorsOf(FLOOR, { end: 1, corner: 1, side: 1 })),
      ...facingStage(upper).map(({ sector, number }) => upperBlock(sector, String(200 + number))),
    ],
    size: SIZE,
  };
}

/** Blocks keep their numbers where others are left out, as they do in a real hall. */
const facingStage = (sectors: readonly Sector[]) =>
  sectors.map((sector, n) => ({ sector, number: n + 1 })).filter(({ sector }) => sector.at(0, 0).y > BEHIND_STAGE);

const categoryOf = (sector: Sector, tier: string) => (sector.at(0, 0).y < BESIDE_STAGE ? "Restricted view" : tier);

/** Twenty-four rows that get longer outwards in the bends; behind them, along the straight sides, places for wheelchairs. */
function lowerBlock(sector: Sector, block: string) {
  const rows = LOWER.rows.map((row, r) =>
    tierRow(sector, block, row, LOWER.from + r * ROW_GAP, categoryOf(sector, "Lower tier")),
  );
  if (sector.isStraight) rows.push(wheelchairs(sector, block));
  return zone(`Block ${block}`, rows);
}

function upperBlock(sector: Sector, block: string) {
  const category = categoryOf(sector, "Upper tier");
  const rows = UPPER.rows.map((row, r) => tierRow(sector, block, row, UPPER.from + r * ROW_GAP, category));
  return zone(`Block ${block}`, rows);
}

function tierRow(sector: Sector, block: string, row: string, out: number, category: string) {
  const seats = Math.floor((sector.lengthAt(out) - AISLE) / SEAT_GAP);
  return line(sector, out, { seats, gap: SEAT_GAP, row, label: "Row %s", guid: `${block}-${row}`, category });
}

/** A wheelchair is as wide as two seats; whoever comes along sits beside it. */
function wheelchairs(sector: Sector, block: string) {
  const out = LOWER.from + (LOWER.rows.length + 0.5) * ROW_GAP;
  const what = { row: "WH", label: "Platform %s", guid: `${block}-WH`, category: "Wheelchair" };
  return line(sector, out, { seats: 8, gap: 1.5 * SEAT_GAP, ...what });
}

/** Boxes of eight in a ring around the hall; a box is a row of its own. */
function boxes(sides: readonly Sector[]) {
  let number = 0;
  const rows = sides.flatMap((side) => {
    const count = Math.floor(side.lengthAt(BOXES.from) / BOXES.width);
    return Array.from({ length: count }, (_, n) => (n - (count - 1) / 2) * BOXES.width).flatMap((middle) => {
      if (side.at(BOXES.from, middle).y < BEHIND_STAGE) return [];
      number += 1;
      const what = { row: String(number), label: "Box %s", guid: `Box-${number}`, category: "Box" };
      return [line(side, BOXES.from, { seats: BOXES.seats, gap: SEAT_GAP, middle, ...what })];
    });
  });
  return zone("Boxes", rows);
}

interface Line {
  seats: number;
  gap: number;
  /** Of the line along its sector; 0 is the middle of that. */
  middle?: number;
  row: string;
  label: string;
  guid: string;
  category: string;
}

/** Seats along a sector at a distance from the floor, numbered clockwise. */
function line(sector: Sector, out: number, { seats, gap, middle = 0, row, label, guid, category }: Line) {
  const drawn = Array.from({ length: seats }, (_, n) => ({
    ...placed(sector.at(out, middle + (n - (seats - 1) / 2) * gap)),
    guid: `${guid}-${n + 1}`,
    category,
  }));
  return drawnRow({ number: row, label, first: 1 }, drawn);
}

const STAGE = { x: -480, y: -1_210, width: 960, height: 380 };
const FLOOR_BLOCK = { rows: 14, seats: 14, width: 16.5 * SEAT_GAP, depth: 17 * ROW_GAP };

/** Three times three blocks on chairs that are put up for the night. */
function floor() {
  return [..."ABCDEFGHJ"].map((block, b) => {
    const left = ((b % 3) - 1) * FLOOR_BLOCK.width - ((FLOOR_BLOCK.seats - 1) / 2) * SEAT_GAP;
    const top = -640 + Math.floor(b / 3) * FLOOR_BLOCK.depth;
    const category = b < 3 ? "Golden circle" : "Floor";
    const rows = Array.from({ length: FLOOR_BLOCK.rows }, (_, r) => {
      const drawn = Array.from({ length: FLOOR_BLOCK.seats }, (_, n) => ({
        ...placed({ x: left + n * SEAT_GAP, y: top + r * ROW_GAP }),
        guid: `${block}-${r + 1}-${n + 1}`,
        category,
      }));
      return drawnRow({ number: String(r + 1), label: "Row %s", first: 1 }, drawn);
    });
    return b === 0 ? { ...zone(`Floor ${block}`, rows), areas: [stage()] } : zone(`Floor ${block}`, rows);
  });
}

function stage() {
  const { width, height } = STAGE;
  return {
    shape: "rectangle",
    position: placed(STAGE),
    color: "#e8e2d5",
    border_color: "#6b6459",
    rectangle: { width, height },
    text: { text: "Stage", position: { x: width / 2, y: height / 2 }, color: "#4a443b", size: 48 },
  };
}

const zone = (name: string, rows: readonly object[]) => ({ name, position: { x: 0, y: 0 }, rows });

export const arenaJson = (): string => planJson(arena());

if (import.meta.main) print(arenaJson());
