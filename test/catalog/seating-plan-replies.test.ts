import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { smallPlan } from "./support/plans.ts";
import { read } from "./support/read.ts";

const LISTED = {
  count: 2,
  next: null,
  previous: null,
  results: [3, 4].map((id) => ({ id, name: `Plan ${id}`, layout: smallPlan() })),
};
const REPLIES: [what: string, reply: unknown, planId: string | undefined, name: RegExp][] = [
  ["one plan with its stored name", { id: 3, name: "Stored", layout: smallPlan() }, undefined, /^Stored$/],
  ["the chosen one of several", LISTED, "4", /^Plan 4$/],
  ["the only one of a list", { results: [{ id: 1, name: "", layout: smallPlan() }] }, undefined, /^Small hall$/],
  ["a bare array", [{ id: 9, layout: smallPlan() }], "9", /^Small hall$/],
  ["a layout kept as text", { id: 1, name: "Text", layout: JSON.stringify(smallPlan()) }, undefined, /^Text$/],
];

suite("an API reply is unwrapped when it holds", () => {
  for (const [what, reply, planId, name] of REPLIES) {
    test(what, () => {
      const { plan, errors } = read(reply, { planId });
      assert.deepEqual(errors.listed, []);
      assert.match(plan?.name ?? "", name);
    });
  }
});

const REFUSED_REPLIES: [what: string, reply: unknown, planId: string | undefined, message: RegExp][] = [
  ["several plans and no choice", LISTED, undefined, /3" \("Plan 3"\), "4" \("Plan 4"\)/],
  ["another plan than the chosen one", LISTED, "5", /no plan "5"/],
  ["no plan at all", { results: [] }, undefined, /holds no plan/],
  ["an event's seats", { results: [{ id: 1, seat_guid: "A1" }] }, undefined, /list of an event's seats/],
  ["a layout that is no JSON", { id: 1, name: "x", layout: "{" }, undefined, /not JSON/],
  ["a plan by itself, with a choice", smallPlan(), "3", /not an API reply/],
];

suite("an API reply is refused when it holds", () => {
  for (const [what, reply, planId, message] of REFUSED_REPLIES) {
    test(what, () => {
      const { plan, errors } = read(reply, { planId });
      assert.equal(plan, null);
      assert.match(errors.listed[0]?.message ?? "", message);
    });
  }
});

test("paths in an unwrapped reply lead from its top", () => {
  const layout = smallPlan();
  layout.zones[0].rows[0].seats[0].category = "";
  const { errors } = read({ results: [{ id: 1, name: "x", layout }] });
  assert.equal(errors.listed[0]?.path, "results[0].layout.zones[0].rows[0].seats[0].category");
});
