import type { Mutation } from "./mutations.ts";

const access = "broker/middlewares/access.middleware.ts";
const accessTest = "test/broker/access.test.ts";
const eventsTest = "test/payment/webhook-events.test.ts";

/** Guards where something comes in: who calls an action, whose bookings are listed, and what a provider tells. */
export const EDGE_GUARDS: readonly Mutation[] = [
  {
    name: "anybodys-bookings-listed",
    what: "whoever asks for their bookings gets everybody's",
    guards: ["I9"],
    edits: [
      {
        file: "services/booking/booking.repository.ts",
        find: "where b.user_id = $1\n",
        put: "where $1::text is not null\n",
      },
    ],
    noticedBy: { file: "test/booking/reads.test.ts", test: "nobody finds another's booking" },
  },
  {
    name: "nobody-is-somebody",
    what: "an action that needs a user is run for a caller that is none",
    guards: ["I9", "I10"],
    edits: [
      {
        file: access,
        find: 'if (!user?.id) throw new EventixError("UNAUTHORIZED");',
        put: "if (!user?.id) return;",
      },
    ],
    noticedBy: { file: accessTest, test: "guarded.personal answers a caller with none rights" },
  },
  {
    name: "scope-not-asked-for",
    what: "an action that needs a scope is run for any user",
    guards: ["I9", "I10"],
    edits: [
      {
        file: access,
        find: 'if (!scopes.includes(access) && !scopes.includes("internal")) throw new EventixError("FORBIDDEN");',
        put: "void scopes;",
      },
    ],
    noticedBy: { file: accessTest, test: "guarded.inner answers a caller with plain rights" },
  },
  {
    name: "unsaid-is-open",
    what: "an action that does not say who may call it is open to all",
    guards: ["I9", "I10"],
    edits: [{ file: access, find: '.access ?? "user";', put: '.access ?? "anyone";' }],
    noticedBy: { file: accessTest, test: "guarded.unsaid answers a caller with none rights" },
  },
  {
    name: "call-of-its-own",
    what: "a call that gives itself out for the node's own is served as such",
    guards: ["I9", "I10"],
    edits: [{ file: access, find: "packet?.payload?.sender === this.broker.nodeID", put: "packet === undefined" }],
    noticedBy: { file: accessTest, test: "a call that says it comes from the node itself" },
  },
  {
    name: "console-from-elsewhere",
    what: "Moleculer's own actions serve whoever calls them from another node",
    guards: ["I9"],
    edits: [
      {
        file: access,
        find: "const isFromHere = isInternal && ctx.nodeID === nodeID;",
        put: "const isFromHere = isInternal;\n        void nodeID;",
      },
    ],
    noticedBy: { file: accessTest, test: "Moleculer's own actions serve" },
  },
  {
    name: "options-told",
    what: "a node's options, which lead to its databases and their passwords, are told to whoever may ask for its health",
    guards: ["I9"],
    edits: [{ file: access, find: 'const OPTIONS = "$node.options";', put: 'const OPTIONS = "$node.nothing";' }],
    noticedBy: { file: "test/secured/told-to-nodes.test.ts", test: "its options, which lead to its services" },
  },
  {
    name: "any-signature-taken",
    what: "whoever reaches the gateway can tell that a charge has succeeded",
    guards: ["I3", "I10"],
    edits: [
      {
        file: "services/payment/webhook-signature.ts",
        find: 'if (!fits) throw new EventixError("SIGNATURE_INVALID");',
        put: "void fits;",
      },
    ],
    noticedBy: { file: eventsTest, test: "what another secret signed" },
  },
  {
    name: "old-event-taken",
    what: "an event that was signed long ago is taken, even when it is long forgotten that it was applied",
    guards: ["I6"],
    edits: [
      {
        file: "services/payment/webhook-signature.ts",
        find: 'if (!(awayS <= REPLAY_WINDOW_S)) throw new EventixError("SIGNATURE_STALE");',
        put: "void awayS;",
      },
    ],
    noticedBy: { file: eventsTest, test: "what was signed more than five minutes ago" },
  },
  {
    name: "event-applied-again",
    what: "an event of the provider is applied as often as it comes",
    guards: ["I6"],
    edits: [
      {
        file: "services/payment/payment-events.ts",
        find: "if (await noteEvent(tx, event)) await settleIn(",
        put: "await noteEvent(tx, event);\n      await settleIn(",
      },
    ],
    noticedBy: { file: eventsTest, test: "an event counts by its id" },
  },
];
