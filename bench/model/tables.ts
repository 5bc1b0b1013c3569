import { table } from "../../docs/generate/section.ts";
import { COST_FIGURES, type SavedCosts } from "../costs.ts";
import { ASSUMED, type Assumptions } from "./assumptions.ts";
import { type Demand, ofRequests, ofTickets, requestsABooking } from "./demand.ts";
import { cellLimit, nodesFor } from "./nodes.ts";
import { eventLimit, plan, slowdown } from "./plan.ts";

interface Workload {
  what: string;
  assuming: Assumptions;
  demand: Demand;
}

/** Of Ticketmaster's 3.5 billion requests for two million tickets. */
const REQUESTS_A_TICKET = 1_750;

/** Few enough to be run, and enough for one leader to bear a cell's heartbeats. */
const CELLS = 10;

export function workloads(a: Assumptions): Workload[] {
  const crowd = { ...a, looksABooking: REQUESTS_A_TICKET * a.seatsABooking - 1 - a.refusalsABooking };
  const divided = { ...a, cells: CELLS };
  return [
    { what: "2 million tickets in an hour", assuming: a, demand: ofTickets(2e6, a) },
    { what: "100,000 requests a second", assuming: a, demand: ofRequests(1e5, a) },
    { what: `2 million tickets in an hour, ${CELLS} cells`, assuming: divided, demand: ofTickets(2e6, divided) },
    { what: "2 million tickets in an hour, 1,750 requests each", assuming: crowd, demand: ofTickets(2e6, crowd) },
  ];
}

export function costsTable({ measured, machine, repeats, seconds, costs }: SavedCosts): string {
  const rows = COST_FIGURES.map(({ stage, part, unit }) => {
    const value = (costs[stage] as Record<string, number>)[part] as number;
    return [`\`${stage}\``, part, `${short(value)} ${unit}`];
  });
  const when = `Measured on ${measured}, medians of ${repeats} runs of ${seconds} s; ${machine}.`;
  return `${when}\n\n${table(["stage", "of", "each"], rows)}`;
}

export function assumptionsTable(a: Assumptions): string {
  const rows = Object.entries(ASSUMED).map(([name, { unit, why }]) => {
    return [`\`${name}\``, `${short(a[name as keyof Assumptions])} ${unit}`, why];
  });
  return table(["assumed", "value", "why"], rows);
}

export function planTable({ costs }: SavedCosts, a: Assumptions): string {
  const all = workloads(a).map((one) => ({ ...one, nodes: nodesFor(costs, one.demand, one.assuming) }));
  const plans = all.map(({ demand, assuming, nodes }) => plan(costs, demand, assuming, nodes));
  const demands = [
    ["bookings a second", ...all.map(({ demand }) => short(demand.bookings))],
    ["requests a second", ...all.map(({ demand }) => short(demand.requests))],
    ["requests a booking", ...all.map(({ assuming }) => short(requestsABooking(assuming)))],
    ["gateways' questions about halls a second", ...all.map(({ nodes }) => short(nodes.questions))],
    ["reads of halls a second", ...all.map(({ nodes }) => short(nodes.reads))],
    ["heartbeats heard a second", ...all.map(({ nodes }) => short(nodes.heard))],
  ];
  const needs = (plans[0] ?? []).map(({ what }, n) => [
    what,
    ...plans.map((one) => {
      const { count, busy, because } = one[n] as (typeof one)[number];
      const number = Number.isFinite(count) ? short(count) : "no number is enough";
      return `**${number}**${busy === undefined ? "" : ` for ${short(busy)} cores`}; ${because}`;
    }),
  ]);
  const limit = cellLimit(costs, a);
  const most = `${short(limit.gateways)} gateways, by what one hall's node can answer them`;
  const heard = `${short(limit.nodes)} nodes, by what one leader can hand out of their heartbeats`;
  const head = ["in the busiest second", ...all.map(({ what }) => what)];
  return `${table(head, [...demands, ...needs])}\n\nOne cell has at most ${most}, and at most ${heard}.`;
}

export function eventTable({ costs }: SavedCosts, a: Assumptions): string {
  const columns = [eventLimit(costs, a), eventLimit(costs, a, 1)];
  const row = (what: string, name: keyof (typeof columns)[0]) => [what, ...columns.map((limit) => short(limit[name]))];
  return table(
    ["one event, a second", `at ${short(a.utilisation * 100)} % of a core`, "at the end of it"],
    [
      row("holds granted, nobody refused", "granted"),
      row(`holds granted, ${short(a.refusalsABooking)} refused beside each`, "mixed"),
      row("holds refused, nothing left", "refused"),
      row("holds granted by batches in flight alone", "byBatches"),
    ],
  );
}

const UTILISATIONS = [0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

export const slowdownTable = (): string =>
  table(
    ["busy", ...UTILISATIONS.map((share) => `${Math.round(share * 100)} %`)],
    [["times as long as alone", ...UTILISATIONS.map((share) => short(slowdown(share)))]],
  );

function short(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return String(Number(value.toFixed(value < 10 ? 2 : 1)));
}
