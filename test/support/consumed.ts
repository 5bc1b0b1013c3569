import assert from "node:assert/strict";
import { withAdmin } from "./kafka-admin.ts";
import { groupsLike, lagsOf, OUR_GROUPS } from "./lag.ts";
import { until } from "./until.ts";

/** Waits until every group of ours, or each of these, has consumed what its topics hold. */
export function untilConsumed(wanted = OUR_GROUPS): Promise<void> {
  return withAdmin(async (admin) => {
    const ours = await groupsLike(admin, wanted);
    assert(ours.length > 0);
    // What a group never read was there before it, or is not its own.
    await until(async () => (await lagsOf(admin, ours)).every(({ offset }) => offset < 0), {
      what: "all consumers to catch up",
    });
  });
}
