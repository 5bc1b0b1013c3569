import assert from "node:assert/strict";
import type { ActionHandler, Context, Middleware, ServiceBroker } from "moleculer";
import { brokerOptions } from "#broker/broker.options.ts";
import { createNode } from "#broker/node.ts";
import { config } from "#config";
import { serviceCaller } from "#contracts/caller.ts";
import { FACT_DATA, FACT_ENVELOPE } from "#contracts/events.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import { readFacts } from "../../e2e/support/facts.ts";
import { Shop } from "../../e2e/support/shop.ts";
import { tokenFor } from "../../support/token.ts";
import { until } from "../../support/until.ts";
import { packed } from "./packed.ts";

/** What one version says and understands: everything that a node of another version may meet. */
export interface Contract {
  version: string;
  actions: Record<string, { access: unknown; params: unknown; call?: Recorded }>;
  facts: Record<string, { schema: unknown; sample?: unknown }>;
}

interface Recorded {
  params: unknown;
  meta: unknown;
  result: unknown;
}

const plain = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)));

/**
 * The contract of the code as it is: what its actions want, and what is really called, answered and published while somebody
 * sells, buys, cancels and looks.
 */
export async function recordContract(version: string, gatewayUrl: string): Promise<Contract> {
  const calls = new Map<string, Recorded>();
  const options = brokerOptions(config);
  const recorder: Middleware = {
    localAction(next, action) {
      // The gateway's own way in: no node can call it.
      if (action.visibility === "private") return next;
      return async function (this: unknown, ctx: Context) {
        const [params, meta] = [plain(ctx.params), plain(ctx.meta)];
        const result = await next.call(this as never, ctx);
        calls.set(action.name as string, { params, meta, result: plain(result) });
        return result;
      } as ActionHandler;
    },
  };
  // Outermost: it sees params as they come, before they are checked and made lower case.
  options.middlewares = [...(options.middlewares ?? []), recorder];
  const broker = await createNode(config, options);
  try {
    await broker.start();
    const ids = await doBusiness(new Shop(gatewayUrl), broker);
    return { version, actions: actionsOf(broker, calls), facts: await publishedFacts(ids) };
  } finally {
    await broker.stop();
  }
}

/** Returns the ids of the event and the bookings that it was about. */
async function doBusiness(shop: Shop, broker: ServiceBroker): Promise<string[]> {
  const reasons = async () => (await fetch(`${shop.url}/health/ready`)).text();
  await until(async () => (await reasons()).includes('"success":true') || assert.fail(await reasons()), {
    what: "the node to be ready",
    ms: 30_000,
  });
  const { id, seatIds } = await shop.putOnSale(3);
  const [first, second] = seatIds as [string, string];
  const cancelled = await shop.hold("alice", id, [second]);
  await shop.cancel("alice", cancelled.id);
  const booked = await shop.hold("alice", id, [first]);
  await shop.untilEnded("alice", booked.id);
  await shop.payment("alice", booked.id);
  await shop.mine("alice");
  await shop.call("GET", `/api/events/${id}`);
  await shop.call("GET", "/api/events");
  const token = tokenFor("a-service", { scopes: ["internal"] });
  for (const what of ["validate", "prices"]) {
    await shop.call("POST", `/internal/events/${id}/seats/${what}`, { token, body: { seatIds } });
  }
  const user = { ...serviceCaller("contract"), scopes: ["ops:read", "ops:write"] };
  const meta = { user };
  await broker.call("catalog.getTerms", { eventId: id }, { meta: { user: serviceCaller("booking") } });
  for (const [action, params] of [
    ["booking.inspect", { id: booked.id }],
    ["booking.facts", { id: booked.id }],
    ["booking.inspectEvent", { eventId: id }],
    ["booking.inspectSeat", { eventId: id, seatId: first }],
    ["catalog.inspectSeats", { eventId: id, seats: [first] }],
    ["payment.inspect", { bookingId: booked.id }],
    ["booking.sweep", {}],
  ] as const) {
    await broker.call(action, params, { meta });
  }
  return [id, booked.id, cancelled.id];
}

function actionsOf(broker: ServiceBroker, calls: ReadonlyMap<string, Recorded>) {
  const actions: Contract["actions"] = {};
  for (const { name, action } of broker.registry.getActionList({ onlyLocal: true, skipInternal: true })) {
    const { access, params = {}, visibility } = action as { access?: unknown; params?: unknown; visibility?: string };
    if (visibility === "private") continue;
    const call = calls.get(name as string);
    actions[name as string] = { access: access ?? "user", params: packed(params), ...(call && { call }) };
  }
  return Object.fromEntries(Object.entries(actions).sort());
}

/** The newest of each topic that tells of one of these: others on these servers sell other things. */
async function publishedFacts(ids: readonly string[]): Promise<Contract["facts"]> {
  const ours = (await readFacts()).filter((fact) => {
    const text = JSON.stringify(fact);
    return ids.some((id) => text.includes(id));
  });
  const samples = new Map(ours.map((fact) => [fact.type as string, fact]));
  const facts = Object.values(KAFKA_TOPICS).map((topic) => {
    const schema = packed({ ...FACT_ENVELOPE, data: { type: "object", props: FACT_DATA[topic] } });
    const sample = samples.get(topic);
    return [topic, { schema, ...(sample && { sample }) }] as const;
  });
  return Object.fromEntries(facts);
}
