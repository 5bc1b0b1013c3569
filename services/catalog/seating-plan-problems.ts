import { PLAN_PROBLEMS_LISTED, type PlanProblem } from "#contracts/catalog.ts";

/** Where in the plan something is: the JSON path, and the names that a person finds it by. */
export interface Place {
  path: string;
  zone?: string | undefined;
  row?: string | undefined;
  seat?: string | undefined;
}

/** Findings of one kind: all are counted, the first thousand kept. A broken plan has as many as it has seats. */
export class Problems {
  readonly listed: PlanProblem[] = [];
  count = 0;

  add(place: Place, message: string): void {
    this.count += 1;
    if (this.listed.length >= PLAN_PROBLEMS_LISTED) return;
    const { path, zone = null, row = null, seat = null } = place;
    this.listed.push({ path, zone, row, seat, message });
  }
}

const SHOWN = 60;

/** Text of the plan as a message quotes it. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}

/** The path of something within what `base` names; either may be empty. */
export const pathOf = (base: string, field: string) => (base && field ? `${base}.${field}` : base || field);
