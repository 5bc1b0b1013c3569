/** A small valid plan, typed loosely so that tests can break it: two zones, three rows, five seats. */
// biome-ignore lint/suspicious/noExplicitAny: broken plans have no type
export type LoosePlan = any;

export const seat = (guid: string, number: string, x: number, y = 0, category = "Stalls") => ({
  seat_guid: guid,
  seat_number: number,
  position: { x, y },
  category,
});

export function smallPlan(): LoosePlan {
  return {
    name: "Small hall",
    categories: [{ name: "Stalls", color: "#123456" }, { name: "Circle" }],
    zones: [
      {
        name: "Floor",
        position: { x: 0, y: 0 },
        rows: [
          { row_number: "1", position: { x: 10, y: 10 }, seats: [seat("F-1-1", "1", 0), seat("F-1-2", "2", 30)] },
          { row_number: "2", position: { x: 10, y: 40 }, seats: [seat("F-2-1", "1", 0), seat("F-2-2", "2", 30)] },
        ],
      },
      {
        name: "Balcony",
        position: { x: 0, y: 100 },
        rows: [{ row_number: "1", position: { x: 10, y: 0 }, seats: [seat("B-1-1", "1", 0, 0, "Circle")] }],
      },
    ],
    size: { width: 200, height: 200 },
  };
}

/** A plan of so many seats in rows of fifty. */
export function largePlan(seats: number): LoosePlan {
  const rows = Array.from({ length: Math.ceil(seats / 50) }, (_, r) => ({
    row_number: String(r + 1),
    position: { x: 0, y: r * 30 },
    seats: Array.from({ length: Math.min(50, seats - r * 50) }, (_, s) => seat(`${r}-${s}`, String(s + 1), s * 25)),
  }));
  const zones = [{ name: "Field", position: { x: 0, y: 0 }, rows }];
  return { name: `Arena of ${seats}`, categories: [{ name: "Stalls" }], zones, size: { width: 2000, height: 200_000 } };
}

/** A plan with one zone of these rows. */
export function planOfRows(rows: { row_number: string; seats: unknown[]; position?: unknown }[]): LoosePlan {
  const zones = [{ name: "Zone", position: { x: 0, y: 0 }, rows }];
  return { name: "Rows", categories: [{ name: "Stalls" }], zones, size: { width: 10_000, height: 10_000 } };
}
