import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Context, type Endpoint, Errors, Context as MoleculerContext, type ServiceBroker } from "moleculer";
import { v7 as uuidv7 } from "uuid";
import { packetLost } from "#broker/kafka-transporter/errors.ts";
import { BY_EVENT, ByEventStrategy } from "#broker/strategies/by-event.strategy.ts";
import type { CallMeta } from "#contracts/caller.ts";
import { EventixError } from "#contracts/errors.ts";
import { type Asked, Repeater } from "../../services/gateway/repeat.ts";
import { Cluster, type Definition, untilServed } from "../broker/support/cluster.ts";

type Says = (meta: CallMeta) => unknown;
type NodeName = "first" | "other";

const cluster = new Cluster();
const lines: string[] = [];
/** What a node does with a hold, or with a read; each test says so anew. */
const hold = {} as Record<NodeName, Says>;
const read = {} as Record<NodeName, Says>;
/** What one node alone offers. */
const only = {} as { create: Says };
/** What was answered, by booking. */
const said = new Map<string, unknown>();
/** Bookings as the database has them. */
const committed = new Map<string, { id: string; by: string }>();
/** Which node has answered for which booking. */
const answered = new Set<string>();
const came: { node: string; bookingId: string | undefined; repeat: boolean }[] = [];
let gateway: ServiceBroker;
let repeater: Repeater;

const booking = (node: NodeName): Definition => ({
  name: "booking",
  actions: {
    create: {
      access: "anyone",
      strategy: BY_EVENT,
      async handler({ meta }: { meta: CallMeta }) {
        came.push({ node, bookingId: meta.bookingId, repeat: meta.repeat === true });
        try {
          return await hold[node](meta);
        } finally {
          answered.add(`${node} ${meta.bookingId}`);
        }
      },
    },
    get: {
      access: "anyone",
      handler({ params }: { params: { id: string } }) {
        const found = committed.get(params.id);
        if (!found) throw new EventixError("BOOKING_NOT_FOUND");
        return found;
      },
    },
    availability: { access: "anyone", strategy: BY_EVENT, handler: ({ meta }: { meta: CallMeta }) => read[node](meta) },
  },
});

before(async () => {
  gateway = await cluster.start("gateway");
  const alone = {
    name: "only",
    actions: { create: { access: "anyone", handler: (ctx: { meta: CallMeta }) => only.create(ctx.meta) } },
  };
  for (const node of ["first", "other"] as const)
    await cluster.start(node, { services: node === "first" ? [booking(node), alone] : [booking(node)] });
  await untilServed(gateway, "booking.create", ["first", "other"]);
});
beforeEach(() => {
  const logger = { info: (...said: unknown[]) => void lines.push(JSON.stringify(said)) } as never;
  repeater = new Repeater({ broker: gateway, logger, afterMs: 200 });
  came.length = 0;
  committed.clear();
  answered.clear();
});
after(() => cluster.stop());

/** An event whose holds go to the node named first while both are there. */
function anEvent(): string {
  const strategy = new ByEventStrategy(undefined as never, undefined as never);
  const nodes = [{ id: "first" }, { id: "other" }] as Endpoint[];
  for (;;) {
    const eventId = uuidv7();
    if (strategy.select(nodes, { params: { eventId } } as Context).id === "first") return eventId;
  }
}

/** Long where all answer, short where a deadline has to be waited for. */
const [LONG_MS, SHORT_MS] = [10_000, 2_000];

function ask({ deadlineMs = LONG_MS, ...over }: Partial<Asked> & { deadlineMs?: number } = {}) {
  const meta = { bookingId: uuidv7(), deadline: Date.now() + deadlineMs };
  const asked: Asked = {
    ...{ action: "booking.create", params: { eventId: anEvent() }, timeoutMs: deadlineMs + 1_000, repeated: "hold" },
    meta,
    ...over,
  };
  const ctx = new MoleculerContext(gateway) as Context<unknown, CallMeta & object>;
  const answer = repeater.call(ctx, asked).then(
    (data) => {
      said.set(meta.bookingId, data);
      return (data as { by?: string }).by ?? data;
    },
    (error) => error.type,
  );
  return { answer, ...meta };
}

const refuse = (code: "SEAT_ALREADY_RESERVED" | "SERVICE_UNAVAILABLE") => {
  throw new EventixError(code);
};
const grant = (by: NodeName) => (meta: CallMeta) => {
  const made = { id: meta.bookingId as string, by };
  committed.set(made.id, made);
  return made;
};
const silent = () => sleep(60_000, undefined, { ref: false });
/** Answers when the other node has. */
const onceAnswered = (node: NodeName, says: Says) => async (meta: CallMeta) => {
  while (!answered.has(`${node} ${meta.bookingId}`)) await sleep(10);
  return says(meta);
};
/** Answers when the other node has been asked. */
const onceAsked = (node: NodeName, says: Says) => async (meta: CallMeta) => {
  while (!came.some((call) => call.node === node && call.bookingId === meta.bookingId)) await sleep(10);
  return says(meta);
};

test("a hold that is not answered is sent to another node, once, with its booking's id, and the grant is the answer", async () => {
  Object.assign(hold, { first: silent, other: grant("other") });
  const { answer, bookingId } = ask();
  assert.equal(await answer, "other");
  assert.deepEqual(came, [
    { node: "first", bookingId, repeat: false },
    { node: "other", bookingId, repeat: true },
  ]);
  assert.match(lines.at(-1) ?? "", /"from":"first","to":"other","why":"slow"/);
});

test("the grant of the first attempt is the answer, though the other node has refused by then", async () => {
  Object.assign(hold, { first: onceAnswered("other", grant("first")), other: () => refuse("SEAT_ALREADY_RESERVED") });
  assert.equal(await ask().answer, "first");
  assert.equal(came.length, 2);
});

test("a refusal by the other node is passed on when the first has refused too, and not before", async () => {
  const order: string[] = [];
  const first = onceAnswered("other", async () => {
    await sleep(100);
    order.push("the first refuses");
    return refuse("SEAT_ALREADY_RESERVED");
  });
  Object.assign(hold, { first, other: () => refuse("SEAT_ALREADY_RESERVED") });
  const { answer, deadline } = ask();
  order.push(await answer);
  assert.deepEqual(order, ["the first refuses", "SEAT_ALREADY_RESERVED"]);
  assert.equal(came.length, 2);
  assert(Date.now() < deadline, "both have answered: nothing else was waited for");
});

test("a refusal by the first attempt waits for the other node, whose grant may be what it was refused for", async () => {
  Object.assign(hold, {
    first: onceAsked("other", () => refuse("SEAT_ALREADY_RESERVED")),
    other: onceAnswered("first", grant("other")),
  });
  assert.equal(await ask().answer, "other");
});

test("where the first attempt stays silent, a refusal is passed on only after its deadline", async () => {
  Object.assign(hold, { first: silent, other: () => refuse("SEAT_ALREADY_RESERVED") });
  const { answer, deadline } = ask({ deadlineMs: SHORT_MS });
  assert.equal(await answer, "SEAT_ALREADY_RESERVED");
  assert(Date.now() >= deadline);
});

test("a silent attempt that was granted after the other was refused is found when its deadline has passed", async () => {
  const first = onceAnswered("other", (meta) => {
    grant("first")(meta);
    return silent();
  });
  Object.assign(hold, { first, other: () => refuse("SEAT_ALREADY_RESERVED") });
  assert.equal(await ask({ deadlineMs: SHORT_MS }).answer, "first");
});

test("a refused first attempt says nothing while the other is silent: the booking that stood in its way may be its own", async () => {
  const other = (meta: CallMeta) => {
    grant("other")(meta);
    return silent();
  };
  Object.assign(hold, { first: onceAsked("other", () => refuse("SEAT_ALREADY_RESERVED")), other });
  assert.equal(await ask({ deadlineMs: SHORT_MS }).answer, "other");
});

test("a hold whose answer is lost is asked elsewhere, as one whose node is gone", async () => {
  const first = (meta: CallMeta) => {
    grant("first")(meta);
    throw packetLost("the answer could not be sent");
  };
  Object.assign(hold, { first, other: (meta: CallMeta) => committed.get(meta.bookingId as string) });
  assert.equal(await ask().answer, "first");
  assert.deepEqual(
    came.map(({ node, repeat }) => [node, repeat]),
    [
      ["first", false],
      ["other", true],
    ],
  );
});

test("where no other node could be asked, a hold whose answer is lost is looked up when its deadline has passed", async () => {
  only.create = (meta) => {
    Object.assign(grant("first")(meta), { status: "CONFIRMED", reason: null, ticketReference: "T-1" });
    throw packetLost("the answer could not be sent");
  };
  const { answer, bookingId } = ask({ action: "only.create", deadlineMs: SHORT_MS });
  assert.equal(await answer, "first");
  assert.deepEqual(await said.get(bookingId), {
    ...{ id: bookingId, by: "first" },
    // As it was made: what its Idempotency-Key is answered with later.
    ...{ status: "PENDING", reason: null, ticketReference: null },
  });
});

test("calls that only wait for a deadline are told apart from load", async () => {
  Object.assign(hold, { first: silent, other: () => refuse("SEAT_ALREADY_RESERVED") });
  const asked = Array.from({ length: 3 }, () => ask({ deadlineMs: SHORT_MS }));
  while (repeater.waitingOut < 3) await sleep(10);
  await Promise.all(asked.map(({ answer }) => answer));
  assert.equal(repeater.waitingOut, 0);
});

test("where both attempts stay silent and there is no booking, nobody knows", async () => {
  Object.assign(hold, { first: silent, other: silent });
  assert.equal(await ask({ deadlineMs: SHORT_MS }).answer, "SERVICE_UNAVAILABLE");
});

test("an answer is an answer: neither a 503 nor a refusal is asked for again", async () => {
  for (const code of ["SERVICE_UNAVAILABLE", "SEAT_ALREADY_RESERVED"] as const) {
    Object.assign(hold, { first: () => refuse(code), other: grant("other") });
    assert.equal(await ask().answer, code);
  }
  assert.deepEqual(new Set(came.map(({ node }) => node)), new Set(["first"]));
});

test("what a node that is about to stop did not take on is asked elsewhere, whatever it is, as if for the first time", async () => {
  const first = () => {
    throw new Errors.ServiceNotAvailableError({ action: "booking.create", nodeID: "first" });
  };
  Object.assign(hold, { first, other: grant("other") });
  for (const repeated of ["hold", undefined] as const) assert.equal(await ask({ repeated }).answer, "other");
  assert(came.every(({ repeat }) => !repeat));
});

test("what must not be done twice is not", async () => {
  const first = (meta: CallMeta) => sleep(600).then(() => grant("first")(meta));
  Object.assign(hold, { first, other: grant("other") });
  assert.equal(await ask({ repeated: undefined }).answer, "first");
  assert.equal(came.length, 1);
});

test("a read is answered by whichever node answers first, be it that there is no such thing", async () => {
  const asked = { action: "booking.availability", repeated: "alike" } as const;
  Object.assign(read, { first: silent, other: () => "seats" });
  assert.equal(await ask(asked).answer, "seats");
  read.other = () => {
    throw new EventixError("EVENT_NOT_FOUND");
  };
  const { answer, deadline } = ask(asked);
  assert.equal(await answer, "EVENT_NOT_FOUND");
  assert(Date.now() < deadline);
});

test("of the calls under way at most a tenth are second ones for slowness, and one always may be", async () => {
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const until = (node: NodeName) => (meta: CallMeta) => enough.then(() => grant(node)(meta));
  Object.assign(hold, { first: until("first"), other: until("other") });
  const repeats = () => came.filter(({ repeat }) => repeat).length;
  const answers = Array.from({ length: 40 }, () => ask().answer);
  while (repeats() < 4) await sleep(10);
  await sleep(600);
  assert.equal(repeats(), 4);
  resolve();
  await Promise.all(answers);
});

test("when a node is gone, all that it was asked is asked elsewhere at once, however much that is", async () => {
  Object.assign(hold, { first: silent, other: grant("other") });
  const asked = Array.from({ length: 40 }, () => ask());
  // Calls of the test before may still come.
  const ours = new Set<string | undefined>(asked.map(({ bookingId }) => bookingId));
  const arrived = () => came.filter(({ bookingId }) => ours.has(bookingId));
  while (arrived().length < 40) await sleep(10);
  const { nodes } = gateway.registry as unknown as { nodes: { disconnected(id: string, unexpected: boolean): void } };
  nodes.disconnected("first", true);
  assert.deepEqual(new Set(await Promise.all(asked.map(({ answer }) => answer))), new Set(["other"]));
  assert.equal(arrived().filter(({ repeat }) => repeat).length, 40);
});
