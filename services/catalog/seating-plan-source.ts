import { pathOf, quoted } from "./seating-plan-problems.ts";

/** Where the plan is in what was sent, or why there is none to be read. */
export type PlanSource =
  | { ok: true; plan: unknown; path: string; name: string | undefined }
  | { ok: false; path: string; message: string };

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  value !== null && typeof value === "object" && !Array.isArray(value);
const refuse = (message: string, path = ""): PlanSource => ({ ok: false, path, message });

/**
 * Finds the plan: the input itself, or the `layout` of an API reply of pretix (`{id, name, layout}`, a list of such, or
 * `{results: […]}`). `planId` chooses among several.
 */
export function findPlan(input: unknown, planId?: string): PlanSource {
  if (isObject(input) && Array.isArray(input.results)) return choose(input.results, "results", planId, input.next);
  if (Array.isArray(input)) return choose(input, "", planId);
  if (!isObject(input)) return refuse("A seating plan is a JSON object.");
  if (isWrapped(input)) return choose([input], undefined, planId);
  if (planId !== undefined)
    return refuse(`This is a plan by itself, not an API reply with plan ${quoted(planId)} in it.`);
  return "zones" in input ? { ok: true, plan: input, path: "", name: undefined } : refuse(foreign(input));
}

const isWrapped = (value: unknown): value is Json => isObject(value) && "layout" in value && !("zones" in value);

/** `listPath` is undefined when the reply is one plan and no list. */
function choose(items: unknown[], listPath: string | undefined, planId?: string, next?: unknown): PlanSource {
  const plans = items.map((item, i) => ({ item, at: listPath === undefined ? "" : `${listPath}[${i}]` }));
  const wrapped = plans.filter((plan): plan is { item: Json; at: string } => isWrapped(plan.item));
  if (wrapped.length === 0) return refuse(noPlans(items), listPath);
  const more = next ? " The reply has further pages, which were not sent." : "";
  const wanted = planId === undefined ? wrapped : wrapped.filter(({ item }) => idOf(item) === planId);
  const known = wrapped.slice(0, IDS_SHOWN).map(({ item }) => `${quoted(idOf(item))} (${quoted(nameOf(item) ?? "")})`);
  const all = `${known.join(", ")}${wrapped.length > IDS_SHOWN ? ", …" : ""}`;
  const [first] = wanted;
  if (!first)
    return refuse(`There is no plan ${quoted(String(planId))} in this API reply. It has: ${all}.${more}`, listPath);
  if (wanted.length > 1)
    return refuse(
      planId === undefined
        ? `This API reply has several plans: choose one by its id. It has: ${all}.`
        : `This API reply has several plans ${quoted(planId)}: send the one that is meant by itself.`,
      listPath,
    );
  return unwrap(first.item, first.at);
}

const IDS_SHOWN = 50;

const idOf = ({ id }: Json): string => (typeof id === "string" || typeof id === "number" ? String(id) : "");
const nameOf = ({ name }: Json): string | undefined => (typeof name === "string" ? name : undefined);

function unwrap(reply: Json, at: string): PlanSource {
  const path = pathOf(at, "layout");
  const name = nameOf(reply);
  if (typeof reply.layout !== "string") return { ok: true, plan: reply.layout, path, name };
  // pretix stores the layout as text; a dump of its table has it so.
  try {
    return { ok: true, plan: JSON.parse(reply.layout), path, name };
  } catch (error) {
    return refuse(`The layout is text that is not JSON: ${(error as Error).message}`, path);
  }
}

function noPlans(items: unknown[]): string {
  const [first] = items;
  if (first === undefined) return "This API reply holds no plan.";
  if (isObject(first) && "seat_guid" in first) {
    return "This is pretix's list of an event's seats; the plan is in the reply of …/seatingplans/.";
  }
  return 'No item of this list is a plan of pretix\'s API, which would have "id", "name" and "layout".';
}

/** Words for a file that is no plan of pretix's at all. */
function foreign(input: Json): string {
  const signs: [string, string][] = [
    ["features", "This looks like GeoJSON."],
    ["subChart", "This looks like a chart of seats.io."],
    ["seat_category_mapping", "This is an event of pretix's API; the plan is in the reply of …/seatingplans/."],
    ["sections", "This is another program's venue description."],
    ["success", "This is an answer of Eventix."],
  ];
  const sign = signs.find(([key]) => key in input)?.[1];
  const keys = Object.keys(input);
  const has = keys.length === 0 ? "an empty object" : `an object with ${keys.slice(0, 10).map(quoted).join(", ")}`;
  const wants = 'A seating plan of pretix has "name", "categories", "zones" and "size"';
  return `${sign ? `${sign} ` : ""}${wants}; this is ${has}${keys.length > 10 ? ", …" : ""}.`;
}

/** What shows that a plan is of pretix's revisions of 2019, with one place of each sign; empty for a current one. */
export function signsOf2019(plan: unknown): string[] {
  if (!isObject(plan)) return [];
  const found = new Map<string, string>();
  const note = (has: boolean, sign: string, path: string) => {
    if (has && !found.has(sign)) found.set(sign, path ? `${sign} (${path})` : sign);
  };
  note(!("size" in plan), 'no "size"', "");
  for (const [z, zone] of entries(plan.zones)) {
    const at = `zones[${z}]`;
    note("displayed" in zone, 'the zone key "displayed"', at);
    for (const [a, area] of entries(zone.areas)) {
      const direct = "width" in area || "height" in area || typeof area.text === "string";
      note(direct, "width, height or text directly on an area", `${at}.areas[${a}]`);
    }
    for (const [r, row] of entries(zone.rows)) {
      note("number_of_seats" in row, 'the row key "number_of_seats"', `${at}.rows[${r}]`);
      note("seats_spacing" in row, 'the row key "seats_spacing"', `${at}.rows[${r}]`);
    }
  }
  return [...found.values()];
}

function* entries(list: unknown): Generator<[number, Json]> {
  if (!Array.isArray(list)) return;
  for (const [i, item] of list.entries()) if (isObject(item)) yield [i, item];
}
