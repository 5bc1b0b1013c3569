import { fc } from "../../support/property.ts";

/** A seat as it was made, with what the plan as a whole says of it. */
export interface MadeSeat {
  guid: string;
  number: string;
  zone: string;
  row: string;
  category: string;
  x: number;
  y: number;
}

export interface MadePlan {
  // biome-ignore lint/suspicious/noExplicitAny: tests break it
  json: any;
  seats: MadeSeat[];
}

const text = fc.string({ unit: "grapheme", maxLength: 20 }).filter((name) => !name.includes("\0"));
/** Whole, so that sums of three are exact. */
const coordinate = fc.integer({ min: -10_000, max: 10_000 });
const point = fc.record({ x: coordinate, y: coordinate });
/** Often close together: seats then stand on one point, in a line, in a ring. */
const near = fc.oneof(fc.integer({ min: -2, max: 2 }), coordinate);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const category = fc.record({ name: text.filter((name) => name !== "" && name !== "__proto__"), color: maybe(text) });
const seat = fc.record({
  number: text,
  position: fc.record({ x: near, y: near }),
  category: fc.nat(),
  radius: maybe(fc.double({ noNaN: true, noDefaultInfinity: true })),
  start_direction: maybe(fc.constantFrom("<", ">", "<>", null)),
});
const row = fc.record({
  row_number: fc.oneof(text, fc.nat(99).map(String)),
  position: maybe(point),
  row_label: maybe(fc.constantFrom(null, "Row %s", "")),
  seat_label: maybe(fc.constantFrom(null, "Seat %s")),
  row_number_position: maybe(fc.constantFrom("start", "end", "both", null)),
  seats: fc.array(seat, { maxLength: 6 }),
});
const zone = fc.record({
  name: maybe(text),
  zone_id: maybe(text),
  position: point,
  areas: maybe(
    fc.array(fc.record({ shape: maybe(fc.constantFrom("circle", "text")), rotation: maybe(coordinate) }), {
      maxLength: 2,
    }),
  ),
  rows: fc.array(row, { maxLength: 4 }),
});

/** Leaves out what is undefined, as JSON does. */
const asJson = (value: object) => JSON.parse(JSON.stringify(value));

/** Any plan that obeys the format, each guid once, with the seats that must come of it. */
export const goodPlan: fc.Arbitrary<MadePlan> = fc
  .record({
    name: text,
    size: fc.record({ width: coordinate, height: coordinate }),
    categories: fc.array(category, { minLength: 1, maxLength: 4 }),
    zones: fc.array(zone, { maxLength: 3 }),
    guids: fc.infiniteStream(text),
  })
  .map(({ name, size, categories, zones, guids }) => {
    const seats: MadeSeat[] = [];
    const made = zones.map((z) => ({
      ...z,
      rows: z.rows.map((r) => ({
        ...r,
        seats: r.seats.map(({ number, category: n, ...rest }) => {
          const guid = `${seats.length}${guids.next().value}.`.replaceAll(/[\n\r\u2028\u2029]/g, "");
          const of = categories[n % categories.length] as { name: string };
          const x = z.position.x + (r.position?.x ?? 0) + rest.position.x;
          const y = z.position.y + (r.position?.y ?? 0) + rest.position.y;
          seats.push({ guid, number, zone: z.name ?? "", row: r.row_number, category: of.name, x, y });
          return { ...rest, seat_guid: guid, seat_number: number, category: of.name };
        }),
      })),
    }));
    return { json: asJson({ name, size, categories, zones: made }), seats };
  });

/** Every object in a plan, by its path. */
export function objectsIn(value: unknown, path = ""): { path: string; object: Record<string, unknown> }[] {
  if (Array.isArray(value)) return value.flatMap((item, n) => objectsIn(item, `${path}[${n}]`));
  if (value === null || typeof value !== "object") return [];
  const object = value as Record<string, unknown>;
  const own = Object.entries(object).flatMap(([key, item]) => objectsIn(item, path ? `${path}.${key}` : key));
  return [{ path, object }, ...own];
}
