import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Call, CallMeta } from "#contracts/caller.ts";
import type { EventResponse, ImportedVenue } from "#contracts/catalog.ts";
import { answerOnce } from "../../services/catalog/idempotency.ts";
import { until } from "../support/until.ts";
import { anna, bert, broker, eventOn, importPlan, pool } from "./support/catalog.ts";
import { largePlan, smallPlan } from "./support/plans.ts";

const PRICES = { Stalls: 4500, Circle: 3000 };
const { venueId } = await importPlan(smallPlan());

interface Answered<T> {
  data: T;
  replayed: boolean;
}

/** Calls with an Idempotency-Key, as the gateway does. */
async function keyed<T>(action: string, params: object, key: string, more: CallMeta = {}): Promise<Answered<T>> {
  const meta: CallMeta = { user: anna, idempotencyKey: key, deadline: Date.now() + 120_000, ...more };
  // A context of its own: what the action says about its answer is in its meta.
  const ctx = broker.ContextFactory.create(broker, null as never, {}, { meta });
  const data = (await ctx.call(`catalog.${action}`, structuredClone(params))) as T;
  return { data, replayed: (ctx.meta as CallMeta).idempotencyReplayed === true };
}

const gala = (change: object = {}) => eventOn(venueId, { prices: PRICES, ...change });
const eventsNamed = async (name: string) =>
  (await pool.query("select id from events where name = $1", [name])).rows.map(({ id }) => id);
const keysOf = async (key: string) => (await pool.query("select from idempotency_keys where key = $1", [key])).rowCount;

suite("a repeat with the same key", () => {
  test("makes no second event, and is answered as the first was, whatever became of it since", async () => {
    const first = await keyed<EventResponse>("createEvent", gala({ name: "Once" }), "e-1");
    await keyed("publishEvent", { id: first.data.id }, "e-1");
    const again = await keyed<EventResponse>("createEvent", gala({ name: "Once" }), "e-1");
    assert.deepEqual([first.replayed, again.replayed], [false, true]);
    assert.deepEqual(again.data, first.data);
    assert.equal(again.data.status, "DRAFT");
    assert.deepEqual(await eventsNamed("Once"), [first.data.id]);
  });

  test("of 50 at once has one effect, and all get one answer", async () => {
    const all = await Promise.all(
      Array.from({ length: 50 }, () => keyed<EventResponse>("createEvent", gala({ name: "Stampede" }), "e-2")),
    );
    assert.equal(new Set(all.map(({ data }) => JSON.stringify(data))).size, 1);
    assert.equal(all.filter(({ replayed }) => !replayed).length, 1);
    assert.equal((await eventsNamed("Stampede")).length, 1);
  });

  test("of 50 imports at once makes one venue, with its seats once", async () => {
    const plan = { ...largePlan(500), name: "Fifty times" };
    const all = await Promise.all(
      Array.from({ length: 50 }, () => keyed<ImportedVenue>("importVenue", { plan }, "v-1")),
    );
    assert.equal(new Set(all.map(({ data }) => JSON.stringify(data))).size, 1);
    assert.equal(all.filter(({ replayed }) => !replayed).length, 1);
    const { rows } = await pool.query("select count(*)::int as n from seats where venue_id = $1", [
      all[0]?.data.venueId,
    ]);
    assert.equal(rows[0].n, 500);
  });

  test("of a publication is answered as the first, and the event announced once", async () => {
    const { data } = await keyed<EventResponse>("createEvent", gala(), "p-0");
    const all = await Promise.all([1, 2, 3].map(() => keyed<EventResponse>("publishEvent", { id: data.id }, "p-1")));
    assert.deepEqual(
      all.map((answer) => answer.data.status),
      ["PUBLISHED", "PUBLISHED", "PUBLISHED"],
    );
    assert.equal(all.filter(({ replayed }) => replayed).length, 2);
  });

  test("after a day is a new request", async () => {
    const name = "Next day";
    await keyed("createEvent", gala({ name }), "e-3");
    await pool.query("update idempotency_keys set created_at = created_at - interval '1 day' where key = 'e-3'");
    assert.equal((await keyed("createEvent", gala({ name: `${name}!` }), "e-3")).replayed, false);
    assert.equal((await keyed("createEvent", gala({ name: `${name}!` }), "e-3")).replayed, true);
  });
});

suite("the key belongs to the request it came with:", () => {
  test("with another body it is refused, before anything else is looked at", async () => {
    await keyed("createEvent", gala({ name: "Mine" }), "k-1");
    await assert.rejects(keyed("createEvent", gala({ name: "Other" }), "k-1"), { type: "IDEMPOTENCY_KEY_REUSED" });
    await assert.rejects(keyed("createEvent", gala({ prices: {} }), "k-1"), { type: "IDEMPOTENCY_KEY_REUSED" });
    assert.deepEqual(await eventsNamed("Other"), []);
    await keyed("importVenue", { plan: { ...smallPlan(), name: "K" } }, "k-1");
    for (const params of [{ plan: {} }, { plan: { ...smallPlan(), name: "K" }, duplicateGuids: "qualify" }]) {
      await assert.rejects(keyed("importVenue", params, "k-1"), { type: "IDEMPOTENCY_KEY_REUSED" });
    }
  });

  test("another user, another route or another event may use the same one", async () => {
    const { data: a } = await keyed<EventResponse>("createEvent", gala({ name: "A" }), "shared");
    const { data: b } = await keyed<EventResponse>("createEvent", gala({ name: "B" }), "b");
    const { data: venue } = await keyed<ImportedVenue>("importVenue", { plan: smallPlan() }, "shared", { user: bert });
    const his = eventOn(venue.venueId, { prices: PRICES });
    const others = [
      await keyed("publishEvent", { id: a.id }, "shared"),
      await keyed("publishEvent", { id: b.id }, "shared"),
      await keyed("createEvent", his, "shared", { user: bert }),
    ];
    assert.deepEqual(
      others.map(({ replayed }) => replayed),
      [false, false, false],
    );
  });

  test("one that is not 1 to 255 visible ASCII characters is refused", async () => {
    for (const key of ["", " ", "a b", "é", "k".repeat(256)]) {
      await assert.rejects(keyed("createEvent", gala(), key), { type: "VALIDATION_ERROR" });
    }
    await keyed("createEvent", gala(), "~".repeat(255));
  });
});

suite("a key is left free", () => {
  test("by what is refused", async () => {
    const refused: [string, object][] = [
      ["importVenue", { plan: { ...smallPlan(), extra: 1 } }],
      ["createEvent", gala({ currency: "XXQ" })],
      ["createEvent", eventOn("00000000-0000-4000-8000-0000000000ff")],
      ["publishEvent", { id: "00000000-0000-4000-8000-0000000000ff" }],
    ];
    for (const [action, params] of refused) await assert.rejects(keyed(action, params, "refused"));
    assert.equal(await keysOf("refused"), 0);
    assert.equal((await keyed("createEvent", gala(), "refused")).replayed, false);
  });

  test("by what fails in its very commit", async () => {
    await pool.query("create table once (n int unique deferrable initially deferred)");
    const ctx = { params: {}, meta: { user: anna, idempotencyKey: "commit" } } as unknown as Call;
    const work = answerOnce(ctx, pool, "POST /once", (transact) =>
      transact((tx) => tx.query("insert into once values (1), (1)").then(() => ({ n: 1 }))),
    );
    await assert.rejects(work, { code: "23505" });
    assert.equal(await keysOf("commit"), 0);
  });

  test("by an import whose connection is cut half-way, which leaves no venue either", async () => {
    const name = "Cut";
    const plan = { ...largePlan(60_000), name };
    const cut = assert.rejects(keyed("importVenue", { plan }, "cut"));
    await until(
      async () => {
        const { rows } = await pool.query(
          `select pg_terminate_backend(pid) as done from pg_stat_activity
           where query like '%insert into seats%' and pid <> pg_backend_pid() and datname = current_database()`,
        );
        return rows.length > 0;
      },
      { what: "the import to write its seats" },
    );
    await cut;
    assert.equal(await keysOf("cut"), 0);
    assert.equal((await pool.query("select from venues where name = $1", [name])).rowCount, 0);
    const { data, replayed } = await keyed<ImportedVenue>("importVenue", { plan }, "cut");
    assert.deepEqual([data.seats, replayed], [60_000, false]);
  });
});

test("a repeat waits for the first until its own deadline, holding no connection, then is told to come again", async () => {
  const begin = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const ctx = (deadline: number) =>
    ({ params: {}, meta: { user: anna, idempotencyKey: "slow", deadline } satisfies CallMeta }) as unknown as Call;
  const never = () => assert.fail("worked twice");
  const first = answerOnce(ctx(Date.now()), pool, "POST /slow", (transact) =>
    transact(async () => {
      begin.resolve();
      await end.promise;
      return { n: 1 };
    }),
  );
  await begin.promise;
  const repeat = (waitMs: number) =>
    answerOnce(ctx(Date.now() + waitMs), pool, "POST /slow", (transact) => transact(async () => never()));
  const impatient = Array.from({ length: 30 }, () => assert.rejects(repeat(300), { type: "REQUEST_IN_PROGRESS" }));
  // The pool has ten connections.
  await Promise.all([...impatient, pool.query("select")]);
  const patient = repeat(60_000);
  end.resolve();
  assert.deepEqual(await Promise.all([first, patient]), [{ n: 1 }, { n: 1 }]);
});
