import { PLAN_PROBLEMS_LISTED, type PlanProblem } from "#contracts/catalog.ts";

/** Where in the plan something is: the JSON path, and the names that a person finds it by. */
export interface Place {
  path: string;
  zone?: string | undefined;
  row?: string | undefined;
  seat?: string | undefined;
}

/** Findings of one kind: all are counted, the first twenty thousand kept. A broken plan has as many as it has seats. */
export class Problems {
  readonly listed: PlanProblem[] = [];
  count = 0;

  add(place: Place, message: string): void {
    this.count += 1;
    if (this.listed.length >= PLAN_PROBLEMS_LISTED) return;
    const { path, zone, row, seat } = place;
    this.listed.push({ path, zone: shortened(zone), row: shortened(row), seat: shortened(seat), message });
  }
}

const SHOWN = 60;

/** Names in a broken plan may be of any length, and each is told once a finding. */
const shortened = (text: string | undefined): string | null =>
  text === undefined ? null : text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;

/** Text of the plan as a message quotes it. */
export const quoted = (text: string): string => JSON.stringify(shortened(text));

/** The path of something within what `base` names; either may be empty. */
export const pathOf = (base: string, field: string) => (base && field ? `${base}.${field}` : base || field);
