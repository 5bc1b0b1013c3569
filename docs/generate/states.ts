import {
  type Effect,
  type Guard,
  STATES,
  type State,
  TRANSITIONS,
  type Transition,
  type Trigger,
} from "../../services/booking/booking.transitions.ts";
import { table } from "./section.ts";

const TRIGGERS: Record<Trigger, string> = {
  "payment.success": "the provider has taken the money",
  "payment.failed": "the provider has refused, or it was too late to ask",
  "buyer.cancels": "`POST /api/bookings/:id/cancel`",
  "deadline.passes": "the sweep, or a buyer who wants the seats, finds `expiresAt` passed",
};
const GUARDS: Record<Guard, string> = {
  captureIsApplied: "this very capture confirmed the booking before",
  amountDiffers: "amount or currency are not the booking's",
  seatsCanBeRetaken: "the event is on sale and all seats of the booking are free",
};
const EFFECTS: Record<Effect, string> = {
  bookSeats: "its seats become BOOKED",
  releaseSeats: "its seats become AVAILABLE",
  retakeSeats: "its seats are its own again",
  assignTicketReference: "it gets a ticket reference",
};

/** docs/states.md, from the table of transitions. */
export function statesPage(): string {
  const rows = TRANSITIONS.map((t) => [
    t.from === "*" ? "any" : t.from,
    `\`${t.on}\``,
    t.when ? GUARDS[t.when] : "",
    t.to ?? "stays",
    t.effects.map((effect) => EFFECTS[effect]).join("; "),
    t.publishes ? `\`${t.publishes}\`${t.refundReason ? ` (${t.refundReason})` : ""}` : "",
  ]);
  const triggers = Object.entries(TRIGGERS).map(([trigger, meaning]) => [`\`${trigger}\``, meaning]);
  return `# What a booking may become

\`\`\`mermaid
stateDiagram-v2
${diagram()}
\`\`\`

A state after \`CANCELLED:\` is the booking's \`reason\`. Only an expired booking can come back: its buyer may have paid in time without
our knowing it.

${table(["trigger", "means"], triggers)}

The rules in their order; the first whose condition holds applies. A pair of state and trigger that is not here changes nothing and
publishes nothing.

${table(["from", "on", "if", "to", "so that", "publishes"], rows)}

A transition is one \`update … where status = …\`: of several that race for one booking, one changes the row and the others find it
changed. Each fact that is published raises the booking's version by one.

The rules are \`services/booking/booking.transitions.ts\`, checked when the service starts; this page is made from them by
\`npm run docs\`.
`;
}

function diagram(): string {
  const lines = [
    "[*] --> PENDING: hold",
    ...STATES.filter((state) => state !== nameOf(state)).map((state) => `state "${state}" as ${nameOf(state)}`),
    ...TRANSITIONS.filter(isDrawn).map(
      (t) => `${nameOf(t.from as State)} --> ${nameOf((t.to ?? t.from) as State)}: ${labelOf(t)}`,
    ),
  ];
  return lines.map((line) => `    ${line}`).join("\n");
}

/** Rules for every state alike would hide the others in the picture. */
const isDrawn = ({ from }: Transition) => from !== "*";
const nameOf = (state: State) => state.replace("CANCELLED:", "");
const labelOf = ({ on, when, publishes }: Transition) =>
  `${on}${when ? ` [${when}]` : ""}${publishes === "booking.refund_due" ? " / refund_due" : ""}`;
