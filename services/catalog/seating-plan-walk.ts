import {
  type CategoryJson,
  checkArea,
  checkCategory,
  checkPlan,
  checkRow,
  checkSeat,
  checkZone,
  type LevelCheck,
  type PlanJson,
  type RowJson,
  type SeatJson,
  type ZoneJson,
} from "./seating-plan-format.ts";
import { type Place, type Problems, pathOf, quoted } from "./seating-plan-problems.ts";
import { fillLabel, guidFault, textFault } from "./seating-plan-text.ts";

export const SEATS_MAX = 200_000;

/** A physical row: all Row objects of one zone and row name. */
export interface WalkedRow {
  zoneIndex: number;
  zone: string;
  name: string;
  /** pretix's sorting: the name where it is a whole number, else the place in the file. */
  rank: number;
  seats: WalkedSeat[];
}

export interface WalkedSeat {
  row: WalkedRow;
  place: () => Place;
  guid: string;
  number: string;
  rowLabel: string | null;
  seatLabel: string | null;
  /** On the plan's canvas, y downwards. */
  x: number;
  y: number;
  radius: number | null;
  startDirection: string | null;
  category: string;
}

export interface Walked {
  categories: CategoryJson[];
  /** In the order of zones; within a zone in the order in which they first appear. */
  rows: WalkedRow[];
  seats: WalkedSeat[];
}

/** After how many seats others get a turn: some two milliseconds. */
const TURN_SEATS = 2_000;

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/**
 * Goes through all levels of a plan, reports what breaks the format or cannot be stored, and gathers the seats that could be
 * read. Yields between portions of work.
 */
export class PlanWalk {
  readonly walked: Walked = { categories: [], rows: [], seats: [] };
  readonly #errors: Problems;
  readonly #warnings: Problems;
  readonly #base: string;
  #seatsSeen = 0;

  /** `base`: the path of the plan in what was sent. */
  constructor(base: string, errors: Problems, warnings: Problems) {
    this.#base = base;
    this.#errors = errors;
    this.#warnings = warnings;
  }

  *run(json: unknown): Generator<void, void> {
    this.#check(checkPlan, json, { path: "" });
    if (json === null || typeof json !== "object") return;
    const plan = json as Partial<PlanJson>;
    for (const [i, category] of listOf(plan.categories).entries()) this.#category(category, `categories[${i}]`);
    const zones = listOf(plan.zones) as Partial<ZoneJson>[];
    const count = countSeats(zones);
    const isTooMany = count > SEATS_MAX;
    if (isTooMany) {
      this.#errors.add(this.#at({ path: "zones" }), `The plan has ${count} seats; ${SEATS_MAX} is the most.`);
    }
    // Without a list of categories that is the error, not each seat's category.
    const names = Array.isArray(plan.categories) ? new Set(this.walked.categories.map(({ name }) => name)) : undefined;
    for (const [z, zone] of zones.entries()) yield* this.#zone(zone, z, names, isTooMany);
  }

  #at = (place: Place): Place => ({ ...place, path: pathOf(this.#base, place.path) });

  /** Whether the object obeys its level; reports what does not. */
  #check(check: LevelCheck, value: unknown, place: Place): boolean {
    const faults = check(value);
    for (const { field, message } of faults) {
      const what = field === "" ? "This" : quoted(field.split(".").at(-1) as string);
      this.#errors.add(this.#at({ ...place, path: pathOf(place.path, field) }), `${what} ${message}.`);
    }
    return faults.length === 0;
  }

  #text(value: string | null, field: string, place: Place): void {
    const fault = value === null ? undefined : textFault(value);
    if (fault) this.#errors.add(this.#at({ ...place, path: pathOf(place.path, field) }), `${quoted(field)} ${fault}.`);
  }

  #category(value: unknown, path: string): void {
    if (this.#check(checkCategory, value, { path })) this.#text((value as CategoryJson).name, "name", { path });
    const name = (value as Partial<CategoryJson> | null)?.name;
    // Prices are an object by category; JSON's readers on the way drop this one key.
    if (name === "__proto__")
      this.#errors.add(this.#at({ path: `${path}.name` }), 'No category can be named "__proto__".');
    // A category with a fault still has its name, or each of its seats would be reported too.
    if (typeof name === "string") this.walked.categories.push(value as CategoryJson);
  }

  *#zone(
    value: Partial<ZoneJson>,
    z: number,
    categories: Set<string> | undefined,
    isTooMany: boolean,
  ): Generator<void, void> {
    const name = textOf(value?.name);
    const place = { path: `zones[${z}]`, zone: name };
    this.#check(checkZone, value, place);
    if (value === null || typeof value !== "object") return;
    this.#text(name, "name", place);
    for (const [a, area] of listOf(value.areas).entries()) {
      this.#check(checkArea, area, { ...place, path: `${place.path}.areas[${a}]` });
    }
    const rows = listOf(value.rows) as Partial<RowJson>[];
    if (rows.length === 0) this.#warnings.add(this.#at(place), "The zone is empty: it has no rows.");
    const known = new Map<string, WalkedRow>();
    for (const [r, row] of rows.entries()) {
      const rowPlace = { ...place, path: `${place.path}.rows[${r}]`, row: textOf(row?.row_number) };
      this.#check(checkRow, row, rowPlace);
      if (row === null || typeof row !== "object") continue;
      this.#text(rowPlace.row, "row_number", rowPlace);
      this.#text(fillLabel(row.row_label, rowPlace.row), "row_label", rowPlace);
      if (listOf(row.seats).length === 0) this.#warnings.add(this.#at(rowPlace), "The row is empty: it has no seats.");
      if (isTooMany) continue;
      yield* this.#seats(row, rowPlace, this.#rowOf(known, z, name, rowPlace.row, r), value, categories);
    }
  }

  #rowOf(known: Map<string, WalkedRow>, zoneIndex: number, zone: string, name: string, r: number): WalkedRow {
    let row = known.get(name);
    if (!row) {
      row = { zoneIndex, zone, name, rank: /^\s*[+-]?\d{1,15}\s*$/.test(name) ? Number(name) : r, seats: [] };
      known.set(name, row);
      this.walked.rows.push(row);
    }
    return row;
  }

  *#seats(
    json: Partial<RowJson>,
    rowPlace: Place,
    row: WalkedRow,
    zone: Partial<ZoneJson>,
    categories: Set<string> | undefined,
  ): Generator<void, void> {
    const rowLabel = fillLabel(json.row_label, row.name);
    const originX = coordinate(zone.position, "x") + coordinate(json.position, "x");
    const originY = coordinate(zone.position, "y") + coordinate(json.position, "y");
    for (const [s, value] of listOf(json.seats).entries()) {
      this.#seatsSeen += 1;
      if (this.#seatsSeen % TURN_SEATS === 0) yield;
      const seat = value as SeatJson;
      const place = (): Place => ({
        ...rowPlace,
        path: `${rowPlace.path}.seats[${s}]`,
        seat: textOf(seat?.seat_number),
      });
      const faults = checkSeat(seat);
      if (faults.length > 0) {
        this.#check(() => faults, seat, place());
        continue;
      }
      const walked: WalkedSeat = {
        row,
        place: () => this.#at(place()),
        guid: seat.seat_guid,
        number: seat.seat_number,
        rowLabel,
        seatLabel: fillLabel(json.seat_label, seat.seat_number),
        x: originX + seat.position.x,
        y: originY + seat.position.y,
        radius: seat.radius ?? null,
        startDirection: seat.start_direction ?? null,
        category: seat.category,
      };
      this.#seat(walked, categories);
      this.walked.seats.push(walked);
      row.seats.push(walked);
    }
  }

  /** What the schema does not say about a seat that obeys it. */
  #seat(seat: WalkedSeat, categories: Set<string> | undefined): void {
    const report = (field: string, message: string | undefined) => {
      if (!message) return;
      const place = seat.place();
      this.#errors.add({ ...place, path: pathOf(place.path, field) }, `${quoted(field)} ${message}.`);
    };
    report("seat_guid", guidFault(seat.guid));
    report("seat_number", textFault(seat.number));
    report("seat_label", seat.seatLabel === null ? undefined : textFault(seat.seatLabel));
    report("start_direction", seat.startDirection === null ? undefined : textFault(seat.startDirection));
    if (seat.category === "") report("category", "is empty: a seat without a category cannot be priced");
    else if (categories && !categories.has(seat.category))
      report("category", `is ${quoted(seat.category)}, which the plan does not have`);
    if (!Number.isFinite(seat.x) || !Number.isFinite(seat.y)) report("position", "adds up to no finite number");
  }
}

/** The coordinate of a point, 0 where it is missing (as the format allows for rows) or was reported as broken. */
function coordinate(point: { x?: unknown; y?: unknown } | null | undefined, axis: "x" | "y"): number {
  const value = point?.[axis];
  return typeof value === "number" ? value : 0;
}

function countSeats(zones: Partial<ZoneJson>[]): number {
  let count = 0;
  for (const zone of zones) {
    for (const row of listOf(zone?.rows) as Partial<RowJson>[]) count += listOf(row?.seats).length;
  }
  return count;
}
