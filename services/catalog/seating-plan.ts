import type { CategoryJson, PlanJson, ZoneJson } from "./seating-plan-format.ts";
import { qualifyRepeatedGuids, refuseRepeatedGuids } from "./seating-plan-guids.ts";
import { Problems, pathOf, quoted } from "./seating-plan-problems.ts";
import { alongRowLine } from "./seating-plan-row-line.ts";
import { findPlan, signsOf2019 } from "./seating-plan-source.ts";
import { safeColor, textFault } from "./seating-plan-text.ts";
import { PlanWalk, type Walked, type WalkedRow, type WalkedSeat } from "./seating-plan-walk.ts";
import { warnAboutPlan } from "./seating-plan-warnings.ts";

export interface PlanOptions {
  /** Makes guids that repeat unique with zone and row; else they are errors. */
  duplicateGuids?: "qualify" | undefined;
  /** Which plan of an API reply that holds several. */
  planId?: string | undefined;
}

export interface SeatingPlan {
  name: string;
  /** In the order of the file, each name once. */
  categories: PlanCategory[];
  /** In the order of `index`: by zone, row, place in the row, guid. */
  seats: PlanSeat[];
  /** What is drawn besides the seats, as it came: untrusted text. */
  drawing: { size: PlanJson["size"]; zones: Pick<ZoneJson, "name" | "position" | "areas">[] };
}

export interface PlanCategory {
  name: string;
  color: string | null;
  seats: number;
}

export interface PlanSeat extends Omit<WalkedSeat, "row" | "place"> {
  /** 0…n-1 without a gap. */
  index: number;
  zoneIndex: number;
  zone: string;
  /** The physical row's place in its zone. */
  rowIndex: number;
  row: string;
}

export interface PlanReading {
  /** Null when there are errors. */
  plan: SeatingPlan | null;
  errors: Problems;
  warnings: Problems;
}

/**
 * Reads a seating plan of pretix's open format (parsed JSON), or an API reply of pretix with a plan in it. Throws nothing:
 * whatever is wrong is listed with its place. A generator, so that a long plan does not keep others waiting: each step takes
 * some milliseconds (turns.ts runs them).
 */
export function* readSeatingPlan(input: unknown, options: PlanOptions = {}): Generator<void, PlanReading> {
  const [errors, warnings] = [new Problems(), new Problems()];
  const source = findPlan(input, options.planId);
  if (!source.ok) {
    errors.add({ path: source.path }, source.message);
    return { plan: null, errors, warnings };
  }
  const signs = signsOf2019(source.plan);
  if (signs.length > 0) errors.add({ path: source.path }, of2019(signs));
  const walk = new PlanWalk(source.path, errors, warnings);
  yield* walk.run(source.plan);
  yield;
  if (options.duplicateGuids === "qualify") qualifyRepeatedGuids(walk.walked.seats, errors, warnings);
  else refuseRepeatedGuids(walk.walked.seats, errors);
  yield;
  const json = source.plan as PlanJson;
  const own = typeof json?.name === "string" ? json.name.trim() : "";
  const name = source.name?.trim() || own || UNTITLED;
  const fault = textFault(name);
  if (fault) errors.add({ path: pathOf(source.path, "name") }, `${quoted("name")} ${fault}.`);
  if (errors.count > 0) return { plan: null, errors, warnings };

  yield* warnAboutPlan(walk.walked, json.size, source.path, warnings);
  const seats = yield* seatsInOrder(walk.walked);
  return { plan: { name, categories: categoriesOf(walk.walked), seats, drawing: drawingOf(json) }, errors, warnings };
}

const UNTITLED = "Untitled seating plan";

const of2019 = (signs: string[]) =>
  `This is a plan of pretix's format of 2019 (${signs.join("; ")}), which is not read any more: open it in pretix's ` +
  "current seating-plan editor and save it again.";

/** Row after row, each along its own line. Rows of a zone stand as pretix sorts them; those of one rank as in the file. */
function* seatsInOrder({ rows }: Walked): Generator<void, PlanSeat[]> {
  const seats: PlanSeat[] = [];
  const sorted = rows.toSorted((a, b) => a.zoneIndex - b.zoneIndex || a.rank - b.rank);
  let [previous, rowIndex, turn]: [WalkedRow | undefined, number, number] = [undefined, 0, 0];
  for (const row of sorted) {
    rowIndex = previous?.zoneIndex === row.zoneIndex ? rowIndex + 1 : 0;
    previous = row;
    for (const { row: _row, place: _place, ...seat } of alongRowLine(row.seats)) {
      const { zoneIndex, zone, name } = row;
      seats.push({ index: seats.length, zoneIndex, zone, rowIndex, row: name, ...seat });
    }
    turn += row.seats.length;
    if (turn < TURN_SEATS) continue;
    turn = 0;
    yield;
  }
  return seats;
}

const TURN_SEATS = 2_000;

function categoriesOf({ categories, seats }: Walked): PlanCategory[] {
  const byName = new Map<string, PlanCategory>();
  for (const { name, color } of categories satisfies CategoryJson[]) {
    if (!byName.has(name)) byName.set(name, { name, color: safeColor(color), seats: 0 });
  }
  for (const { category } of seats) {
    const counted = byName.get(category);
    if (counted) counted.seats += 1;
  }
  return [...byName.values()];
}

const drawingOf = ({ size, zones }: PlanJson): SeatingPlan["drawing"] => ({
  size,
  zones: (zones as ZoneJson[]).map(({ name, position, areas }) => ({ name, position, areas })),
});
