import FastestValidator from "fastest-validator";
import { type Infer, VALIDATOR_OPTIONS } from "#contracts/schema.ts";

/**
 * pretix's seating-plan format, level by level: every object is closed. Each level is checked by itself, its children being
 * only "an array of something", so that one broken seat does not hide the findings in all others.
 */

const text = { type: "string", nullable: false } as const;
const number = { type: "number", nullable: false } as const;
const whole = { ...number, integer: true } as const;
const list = { type: "array", nullable: false } as const;
const optional = { optional: true } as const;
const orNull = { optional: true, nullable: true } as const;

const object = <P extends object>(props: P) => ({ type: "object", strict: true, nullable: false, props }) as const;
const point = object({ x: number, y: number } as const);
const oneOf = <const V extends string>(...values: V[]) => ({ type: "enum", values, nullable: false }) as const;

const PLAN = {
  name: text,
  categories: list,
  zones: list,
  size: object({ width: whole, height: whole } as const),
} as const;

const CATEGORY = { name: text, color: { ...text, ...optional } } as const;

const ZONE = {
  name: { ...text, ...optional },
  zone_id: { ...text, ...optional },
  uuid: { ...text, ...optional },
  position: point,
  rows: list,
  areas: { ...list, ...optional },
} as const;

const ROW = {
  row_number: text,
  seats: list,
  position: { ...point, ...optional },
  row_label: { ...text, ...orNull },
  seat_label: { ...text, ...orNull },
  row_number_position: { ...oneOf("start", "end", "both"), ...orNull },
  uuid: { ...text, ...optional },
} as const;

const SEAT = {
  // The pattern of the guid is checked apart: its message tells an empty guid from a badly formed one.
  seat_guid: text,
  seat_number: text,
  position: point,
  category: text,
  radius: { ...number, ...optional },
  start_direction: { ...text, ...orNull },
  uuid: { ...text, ...optional },
} as const;

const AREA = {
  color: { ...text, ...optional },
  border_color: { ...text, ...optional },
  rotation: { ...number, ...optional },
  position: { ...point, ...optional },
  uuid: { ...text, ...optional },
  shape: { ...oneOf("polygon", "rectangle", "ellipse", "circle", "text"), ...optional },
  polygon: { ...object({ points: { ...list, items: point } } as const), ...optional },
  rectangle: { ...object({ width: number, height: number } as const), ...optional },
  circle: { ...object({ radius: number } as const), ...optional },
  ellipse: { ...object({ radius: point } as const), ...optional },
  text: {
    ...object({
      text,
      position: point,
      color: { ...text, ...optional },
      size: { ...number, ...optional },
    } as const),
    ...optional,
  },
} as const;

export type PlanJson = Infer<typeof PLAN>;
export type CategoryJson = Infer<typeof CATEGORY>;
export type ZoneJson = Infer<typeof ZONE>;
export type RowJson = Infer<typeof ROW>;
export type SeatJson = Infer<typeof SEAT>;

/** What is wrong with one object: the path within it (empty for itself) and a sentence's end that fits after the path. */
export interface Fault {
  field: string;
  message: string;
}

export type LevelCheck = (value: unknown) => Fault[];

interface Finding {
  type: string;
  field?: string;
  expected?: unknown;
  actual?: unknown;
}

const Validator = FastestValidator as unknown as typeof FastestValidator.default;
// Null is a value here: the format allows it for some keys only, and leaving a key out is not the same.
const validator = new Validator({ ...VALIDATOR_OPTIONS, considerNullAsAValue: true });

function levelCheck(schema: object): LevelCheck {
  const check = validator.compile({ $$strict: true, ...schema } as never);
  return (value) => {
    if (value === null || typeof value !== "object") return [{ field: "", message: "must be an object" }];
    const result = check(value);
    return result === true ? [] : (result as Finding[]).flatMap(faultsOf);
  };
}

const UNKNOWN_KEYS_LISTED = 20;
const KEY_LENGTH_SHOWN = 60;

function faultsOf({ type, field = "", expected, actual }: Finding): Fault[] {
  if (type === "objectStrict") return unknownKeys(field, String(actual).split(", "));
  const message = {
    required: actual === null ? "must not be null" : "is missing",
    string: "must be text",
    number: "must be a finite number",
    numberInteger: "must be a whole number",
    array: "must be an array",
    object: "must be an object",
    enumValue: `must be one of ${expected}`,
  }[type];
  return [{ field, message: message ?? "is not valid" }];
}

function unknownKeys(field: string, keys: string[]): Fault[] {
  return keys.slice(0, UNKNOWN_KEYS_LISTED).map((key) => {
    const shown = key.length > KEY_LENGTH_SHOWN ? `${key.slice(0, KEY_LENGTH_SHOWN)}…` : key;
    return { field: field ? `${field}.${shown}` : shown, message: "is not a key of the format" };
  });
}

export const checkPlan = levelCheck(PLAN);
export const checkCategory = levelCheck(CATEGORY);
export const checkZone = levelCheck(ZONE);
export const checkRow = levelCheck(ROW);
export const checkSeat = levelCheck(SEAT);
export const checkArea = levelCheck(AREA);
