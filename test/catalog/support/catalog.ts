import { after } from "node:test";
import type { Pool } from "pg";
import { type Caller, type CallMeta, serviceCaller } from "#contracts/caller.ts";
import type { EventResponse, ImportedVenue } from "#contracts/catalog.ts";
import { freshDatabase } from "../../support/database.ts";
import { largePlan } from "./plans.ts";

process.env.DATABASE_URL_CATALOG = await freshDatabase("catalog");
const { config } = await import("#config");
const { brokerOptions } = await import("../../../broker/broker.options.ts");
const { createPool } = await import("#mixins/database.mixin.ts");
const { ServiceBroker } = await import("moleculer");
const { default: schema } = await import("../../../services/catalog/catalog.service.ts");

/** The catalog on a database of its own, with the middlewares of a node and no transporter. */
export const broker = new ServiceBroker({ ...brokerOptions(config), transporter: null, logger: false });
broker.createService(schema);
await broker.start();

/** What psql would see. */
export const pool: Pool = createPool(config.catalogDatabaseUrl, "eventix-test");

after(async () => {
  await broker.stop();
  await pool.end();
});

export const organizer = (name: string): Caller => ({ id: name, organizer: name, scopes: ["catalog:write"] });
export const anna = organizer("anna");
export const bert = organizer("bert");
const internal = serviceCaller("test");

export const call = <T>(action: string, params: object, user?: Caller): Promise<T> =>
  broker.call(`catalog.${action}`, params, { meta: (user ? { user } : {}) satisfies CallMeta }) as Promise<T>;
export const callAsService = <T>(action: string, params: object): Promise<T> => call(action, params, internal);

export const importPlan = (plan: unknown, user: Caller = anna): Promise<ImportedVenue> =>
  call("importVenue", { plan }, user);

export const eventOn = (venueId: string, change: object = {}) => ({
  venueId,
  name: "Gala",
  startsAt: "2030-05-01T19:30:00+02:00",
  currency: "EUR",
  prices: { Stalls: 4500 },
  ...change,
});

let plans = 0;

/** An event on sale with so many seats, on a venue of its own. */
export async function publishedEvent(seats: number, change: object = {}): Promise<EventResponse> {
  plans += 1;
  const { venueId } = await importPlan({ ...largePlan(seats), name: `Hall ${plans}` });
  const { id } = await call<EventResponse>("createEvent", eventOn(venueId, change), anna);
  return call("publishEvent", { id }, anna);
}
