import assert from "node:assert/strict";
import { after, test } from "node:test";
import knex from "knex";
import { knexSnakeCaseMappers } from "objection";
import { parseFact } from "#contracts/events.ts";
import { createPool } from "#mixins/database.mixin.ts";
import { transaction } from "#mixins/transaction.ts";
import { findTerms } from "../../services/catalog/event.repository.ts";
import { createEvent } from "../../services/catalog/event-creation.ts";
import { publishEvent } from "../../services/catalog/event-publication.ts";
import type { Transact } from "../../services/catalog/idempotency.ts";
import { importVenue } from "../../services/catalog/venue-import.ts";
import { freshDatabase } from "../support/database.ts";
import { largePlan } from "./support/plans.ts";

// Without the service: its relay would take the facts out of the outbox.
const pool = createPool(await freshDatabase("catalog"), "eventix-test");
const db = knex({ client: "pg", connectionPool: pool, ...knexSnakeCaseMappers() });
const transact: Transact = (work) => transaction(pool, work);
after(() => pool.end());

const { venueId } = await importVenue(transact, "anna", { plan: largePlan(50_000) });
const draft = { venueId, name: "Gala", startsAt: "2030-05-01T19:30:00Z", currency: "EUR", prices: { Stalls: 4500 } };

const factsOf = async (id: string) => {
  const { rows } = await pool.query("select topic, value from outbox where key = $1 order by id", [Buffer.from(id)]);
  return rows.map(({ topic, value }) => {
    const parsed = parseFact(topic, value);
    assert.ok(parsed.ok);
    return parsed.fact;
  });
};

test("an event published by ten requests at once, and again later, is announced by one fact", async () => {
  const { id } = await createEvent({ db, transact }, "anna", draft);
  const requests = Array.from({ length: 10 }, (_, i) =>
    publishEvent({ db, transact }, "anna", id, { correlationid: `request-${i}` }),
  );
  await Promise.all(requests);
  await publishEvent({ db, transact }, "anna", id, { correlationid: "later" });
  const facts = await factsOf(id);
  assert.equal(facts.length, 1);
  assert.match(facts[0]?.correlationid ?? "", /^request-\d$/);
  assert.deepEqual(facts[0]?.data, await findTerms(pool, id));
});

test("an event that is refused to another organizer stays a draft and is not announced", async () => {
  const { id } = await createEvent({ db, transact }, "anna", draft);
  await assert.rejects(publishEvent({ db, transact }, "bert", id, {}), { type: "EVENT_NOT_FOUND" });
  assert.deepEqual(await factsOf(id), []);
  assert.equal(await findTerms(pool, id), undefined);
});

test("fifty thousand seats are published in less than two seconds", async () => {
  const { id } = await createEvent({ db, transact }, "anna", draft);
  const started = performance.now();
  await publishEvent({ db, transact }, "anna", id, {});
  assert.ok(performance.now() - started < 2_000);
});
