import assert from "node:assert/strict";
import { createKafka } from "#broker/kafka.client.ts";
import { groupsLike, lagsOf, OUR_GROUPS } from "./lag.ts";
import { until } from "./until.ts";

/** Waits until every group of ours, or each of these, has consumed what its topics hold. */
export async function untilConsumed(wanted = OUR_GROUPS): Promise<void> {
  const brokers = (process.env.KAFKA_BROKERS ?? "").split(",");
  const admin = createKafka({ brokers, clientId: "until-consumed" }).admin();
  await admin.connect();
  const ours = await groupsLike(admin, wanted);
  assert(ours.length > 0);
  // What a group never read was there before it, or is not its own.
  await until(async () => (await lagsOf(admin, ours)).every(({ offset }) => offset < 0), {
    what: "all consumers to catch up",
  });
  await admin.disconnect();
}
