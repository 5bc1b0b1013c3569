import { savedCosts } from "../../bench/costs.ts";
import { ASSUMPTIONS } from "../../bench/model/assumptions.ts";
import { assumptionsTable, costsTable, eventTable, planTable, slowdownTable } from "../../bench/model/tables.ts";

/** The tables of docs/scaling.md, as the model computes them of the costs that were last kept. */
export const costs = () => costsTable(savedCosts());
export const assumptions = () => assumptionsTable(ASSUMPTIONS);
export const plan = () => planTable(savedCosts(), ASSUMPTIONS);
export const event = () => eventTable(savedCosts(), ASSUMPTIONS);
export const slowdown = slowdownTable;
