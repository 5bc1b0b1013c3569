import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type LoosePlan, largePlan, seat, smallPlan } from "./support/plans.ts";
import { read } from "./support/read.ts";

type Finding = [path: string, message: RegExp];

/** The small plan with something done to it; what is returned takes its place. */
function changed(change: (plan: LoosePlan) => unknown): unknown {
  const plan = smallPlan();
  const other = change(plan);
  return other === undefined ? plan : other;
}

/** Puts a value where the path leads. */
const put = (path: string, value: unknown) => (plan: LoosePlan) => {
  const [parent, key] = reached(plan, path);
  parent[key] = value;
};
const drop = (path: string) => (plan: LoosePlan) => {
  const [parent, key] = reached(plan, path);
  delete parent[key];
};

function reached(plan: LoosePlan, path: string): [parent: LoosePlan, key: string] {
  const keys = path.split(/[.[\]]+/).filter(Boolean);
  const last = keys.pop() as string;
  return [keys.reduce((at, key) => at[key], plan), last];
}

const nested = (depth: number) => JSON.parse("[".repeat(depth) + "]".repeat(depth));

const firstRow = (plan: LoosePlan) => plan.zones[0].rows[0];
const firstSeat = (plan: LoosePlan) => firstRow(plan).seats[0];
const AT = "zones[0].rows[0].seats[0]";

const ERRORS: [what: string, change: (plan: LoosePlan) => unknown, expected: Finding[]][] = [
  ["no object", () => "plan", [["", /is a JSON object/]]],
  ["null", () => null, [["", /is a JSON object/]]],
  ["an empty object", () => ({}), [["", /this is an empty object/]]],
  ["GeoJSON", () => ({ type: "FeatureCollection", features: [] }), [["", /GeoJSON/]]],
  ["missing keys of the plan", drop("categories"), [["categories", /is missing/]]],
  ["an unknown key at the top", put("$schema", "x"), [["$schema", /not a key of the format/]]],
  ["a comment key in a zone", put("zones[1].comment", ""), [["zones[1].comment", /not a key/]]],
  ["an unknown key of a row", put("zones[0].rows[0].curve", 1), [["zones[0].rows[0].curve", /not a key/]]],
  ["an unknown key of a seat", put("zones[0].rows[0].seats[0].status", "x"), [[`${AT}.status`, /not a key/]]],
  ["an unknown key of a category", put("categories[0].price", 1), [["categories[0].price", /not a key/]]],
  ["an unknown key of a point", put("zones[0].rows[0].seats[0].position.z", 1), [[`${AT}.position.z`, /not a key/]]],
  ["an unknown key of the size", put("size.depth", 1), [["size.depth", /not a key/]]],
  [
    "a key named __proto__",
    (p) => JSON.parse(JSON.stringify(p).replace("{", '{"__proto__":1,')),
    [["__proto__", /not a key/]],
  ],
  ["a broken size", put("size.width", 1.5), [["size.width", /whole number/]]],
  ["lists nested ten thousand deep", put("zones[0]", nested(10_000)), [["zones[0]", /must be an object/]]],
  ["a list that has no text of its own", put("name", [{ toString: "" }]), [["name", /must be text/]]],
  ["a zone that is null", put("zones[0]", null), [["zones[0]", /must be an object/]]],
  ["rows that are no array", put("zones[0].rows", {}), [["zones[0].rows", /must be an array/]]],
  ["a number for a row's name", put("zones[0].rows[0].row_number", 7), [["zones[0].rows[0].row_number", /text/]]],
  ["null where it is not allowed", put("zones[0].zone_id", null), [["zones[0].zone_id", /not be null/]]],
  [
    "a row number painted elsewhere",
    put("zones[0].rows[0].row_number_position", "left"),
    [["zones[0].rows[0].row_number_position", /start, end, both/]],
  ],
  [
    "a coordinate that is text",
    put("zones[0].rows[0].seats[0].position.x", "1"),
    [[`${AT}.position.x`, /finite number/]],
  ],
  [
    "an infinite coordinate",
    put("zones[0].rows[0].seats[0].position.x", JSON.parse("1e999")),
    [[`${AT}.position.x`, /finite number/]],
  ],
  [
    "coordinates that overflow together",
    (p) => {
      firstRow(p).position.x = 1.7e308;
      firstSeat(p).position.x = 1.7e308;
    },
    [[`${AT}.position`, /no finite number/]],
  ],
  [
    "an area of an unknown shape",
    put("zones[0].areas", [{}, { shape: "star" }]),
    [["zones[0].areas[1].shape", /one of/]],
  ],
  [
    "an area with half a point",
    put("zones[0].areas", [{ polygon: { points: [{ x: 1 }] } }]),
    [["zones[0].areas[0].polygon.points[0].y", /is missing/]],
  ],
  ["a missing guid", drop("zones[0].rows[0].seats[0].seat_guid"), [[`${AT}.seat_guid`, /is missing/]]],
  ["an empty guid", put("zones[0].rows[0].seats[0].seat_guid", ""), [[`${AT}.seat_guid`, /is empty/]]],
  ["a guid of one character", put("zones[0].rows[0].seats[0].seat_guid", "😀"), [[`${AT}.seat_guid`, /2 characters/]]],
  [
    "a guid with a space at its end",
    put("zones[0].rows[0].seats[0].seat_guid", "A1 "),
    [[`${AT}.seat_guid`, /no space/]],
  ],
  ["a guid with a line break", put("zones[0].rows[0].seats[0].seat_guid", "A\n1"), [[`${AT}.seat_guid`, /line break/]]],
  [
    "a guid used in two zones",
    put("zones[1].rows[0].seats[0].seat_guid", "F-1-1"),
    [["zones[1].rows[0].seats[0].seat_guid", /already used at zones\[0\]\.rows\[0\]\.seats\[0\]/]],
  ],
  ["an unknown category", put("zones[0].rows[0].seats[0].category", "VIP"), [[`${AT}.category`, /"VIP"/]]],
  ["an empty category", put("zones[0].rows[0].seats[0].category", ""), [[`${AT}.category`, /is empty/]]],
  ["a category of one case off", put("zones[0].rows[0].seats[0].category", "stalls"), [[`${AT}.category`, /"stalls"/]]],
  ["a long zone name", put("zones[0].name", "z".repeat(191)), [["zones[0].name", /191 characters/]]],
  ["a long plan name", put("name", "n".repeat(191)), [["name", /191 characters/]]],
  [
    "a long category name",
    put("categories[1].name", `Circle${"c".repeat(190)}`),
    [
      ["categories[1].name", /196/],
      ["zones[1].rows[0].seats[0].category", /Circle/],
    ],
  ],
  [
    "a label that is long once filled in",
    (p) => {
      firstSeat(p).seat_number = "9".repeat(100);
      firstRow(p).seat_label = "%s %s";
    },
    [[`${AT}.seat_label`, /201/]],
  ],
  [
    "a category that no price list can name",
    put("categories[1].name", "__proto__"),
    [
      ["categories[1].name", /__proto__/],
      ["zones[1].rows[0].seats[0].category", /Circle/],
    ],
  ],
  ["a NUL character", put("zones[0].rows[0].seats[0].seat_guid", "A\u00001"), [[`${AT}.seat_guid`, /NUL/]]],
  [
    "half a surrogate pair",
    put("zones[0].rows[0].seats[0].seat_number", "\ud800"),
    [[`${AT}.seat_number`, /surrogate/]],
  ],
  ["200,001 seats", () => largePlan(200_001), [["zones", /200001 seats; 200000 is the most/]]],
];

suite("a plan is refused with the place of each error when it has", () => {
  for (const [what, change, expected] of ERRORS) {
    test(what, () => {
      const { plan, errors } = read(changed(change));
      assert.equal(plan, null);
      assert.equal(errors.count, expected.length, JSON.stringify(errors.listed));
      for (const [i, [path, message]] of expected.entries()) {
        assert.equal(errors.listed[i]?.path, path);
        assert.match(errors.listed[i]?.message ?? "", message);
      }
    });
  }
});

const WARNINGS: [what: string, change: (plan: LoosePlan) => unknown, expected: Finding[]][] = [
  ["an unused category", (p) => void p.categories.push({ name: "VIP" }), [["categories[2]", /"VIP"/]]],
  [
    "two categories of one name",
    (p) => void p.categories.push({ name: "Stalls" }),
    [["categories[2]", /categories\[0\]/]],
  ],
  [
    "an empty zone",
    (p) => void p.zones.push({ name: "Pit", position: { x: 0, y: 0 }, rows: [] }),
    [["zones[2]", /empty/]],
  ],
  ["an empty row", (p) => void p.zones[0].rows.push({ row_number: "3", seats: [] }), [["zones[0].rows[2]", /empty/]]],
  [
    "the same zone, row and number twice",
    put("zones[0].rows[0].seats[1].seat_number", "1"),
    [["zones[0].rows[0].seats[1]", /same zone, row and number: zones\[0\]\.rows\[0\]\.seats\[0\]/]],
  ],
  [
    "two seats on one point",
    put("zones[0].rows[0].seats[1].position.x", 0),
    [["zones[0].rows[0].seats[1]", /very same point: zones\[0\]\.rows\[0\]\.seats\[0\]/]],
  ],
  ["a seat outside the canvas", put("zones[0].rows[0].seats[0].position.y", -11), [[AT, /outside/]]],
  [
    "a canvas of no size",
    put("size", { width: 0, height: -5 }),
    Array.from({ length: 5 }, () => ["", /outside/] as Finding),
  ],
];

suite("a plan is imported with a warning when it has", () => {
  for (const [what, change, expected] of WARNINGS) {
    test(what, () => {
      const { plan, errors, warnings } = read(changed(change));
      assert.deepEqual(errors.listed, []);
      assert.ok(plan);
      assert.equal(warnings.count, expected.length, JSON.stringify(warnings.listed));
      for (const [i, [path, message]] of expected.entries()) {
        if (path) assert.equal(warnings.listed[i]?.path, path);
        assert.match(warnings.listed[i]?.message ?? "", message);
      }
    });
  }
});

const SILENT: [what: string, change: (plan: LoosePlan) => unknown][] = [
  ["nothing odd", () => undefined],
  ["a size written as 200.0", (p) => JSON.parse(JSON.stringify(p).replace('"width":200', '"width":200.0'))],
  [
    "no zone name and no row position",
    (p) => {
      delete p.zones[1].name;
      delete p.zones[1].rows[0].position;
    },
  ],
  ["190 characters outside the basic plane", put(`${AT}.seat_number`, "😀".repeat(190))],
  ["guids that disagree with their labels", put(`${AT}.seat_guid`, "Balcony-9-9")],
  ["tabs and no-break spaces around a guid", put(`${AT}.seat_guid`, "\tA1\u00a0")],
  [
    "repeated uuids and every optional key",
    (p) => {
      Object.assign(firstSeat(p), { uuid: "u", radius: 8.5, start_direction: "?" });
      Object.assign(firstRow(p), { uuid: "u", row_label: null, seat_label: null, row_number_position: null });
      p.zones[0].areas = [{}, { shape: "text", text: { text: "x\u0000", position: { x: 0, y: 0 } } }];
    },
  ],
];

suite("a plan is imported without a word when it has", () => {
  for (const [what, change] of SILENT) {
    test(what, () => {
      const { plan, errors, warnings } = read(changed(change));
      assert.deepEqual([errors.listed, warnings.listed], [[], []]);
      assert.equal(plan?.seats.length, 5);
    });
  }
});

test("an error is placed by zone, row and seat number", () => {
  const { errors } = read(changed(put("zones[1].rows[0].seats[0].category", "")));
  const { zone, row, seat: number } = errors.listed[0] ?? {};
  assert.deepEqual([zone, row, number], ["Balcony", "1", "1"]);
});

test("all errors of a plan are told at once, whatever their level", () => {
  const { errors } = read(
    changed((p) => {
      delete p.size.width;
      p.zones[0].color = "red";
      firstRow(p).seats.push(seat("F-1-1", "3", 60), seat("F-1-9", "4", 90, 0, "Nowhere"));
    }),
  );
  const paths = errors.listed.map(({ path }) => path);
  assert.deepEqual(paths.sort(), [
    "size.width",
    "zones[0].color",
    "zones[0].rows[0].seats[2].seat_guid",
    "zones[0].rows[0].seats[3].category",
  ]);
});

test("of very many errors the first twenty thousand are listed and all are counted", () => {
  const plan = largePlan(30_000);
  for (const row of plan.zones[0].rows) for (const one of row.seats) one.category = "";
  const { errors } = read(plan);
  assert.deepEqual([errors.listed.length, errors.count], [20_000, 30_000]);
});

test("200,000 seats are read, with all indexes in use", () => {
  const { plan } = read(largePlan(200_000));
  assert.equal(plan?.seats.length, 200_000);
  assert.ok(plan.seats.every(({ index }, i) => index === i));
});

test("a plan of 2019 is called so, with what shows it", () => {
  const { errors } = read(
    changed((p) => {
      delete p.size;
      p.zones[0].displayed = true;
      firstRow(p).seats_spacing = 20;
    }),
  );
  assert.match(
    errors.listed[0]?.message ?? "",
    /2019 \(no "size"; the zone key "displayed" \(zones\[0\]\); .*seats_spacing/,
  );
});

test("a colour that is no colour is dropped", () => {
  const colors = ["#abc", "red", "rgb(1, 2, 3)", 'red"><script>', "url(x)", "expression(1)"];
  const { plan } = read(
    changed((p) => {
      p.categories.push(...colors.map((color, i) => ({ name: `${i}`, color })));
    }),
  );
  assert.deepEqual(
    plan?.categories.slice(2).map(({ color }) => color),
    ["#abc", "red", "rgb(1, 2, 3)", null, null, null],
  );
});

test("labels are filled in, whatever their number holds", () => {
  const { plan } = read(
    changed((p) => {
      Object.assign(firstRow(p), { row_label: "Row %s of %s", seat_label: "Seat %s" });
      firstSeat(p).seat_number = "$&";
    }),
  );
  assert.deepEqual([plan?.seats[0]?.rowLabel, plan?.seats[0]?.seatLabel], ["Row 1 of 1", "Seat $&"]);
});
