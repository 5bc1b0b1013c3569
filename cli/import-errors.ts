import type { PlanProblem, PlanRefusal } from "#contracts/catalog.ts";
import { StackError } from "#stack/stack-error.ts";
import { ApiError } from "./api.client.ts";

/** A refusal of the API told so that the file or the command line can be mended; other errors as they are. */
export function explained(error: unknown, file: string): unknown {
  if (!(error instanceof ApiError)) return error;
  const lines = EXPLAIN[error.code]?.(error.details, file) ?? fieldLines(error.details);
  return lines.length > 0 ? new StackError([error.message, ...lines].join("\n")) : error;
}

type Explain = (details: Record<string, unknown>, file: string) => string[];

const EXPLAIN: Record<string, Explain> = {
  SEATING_PLAN_INVALID(details, file) {
    const { errors = [], errorCount = errors.length } = details as Partial<PlanRefusal>;
    const lines = errors.map((problem) => `  ${placeOf(problem, file)}: ${problem.message}`);
    if (errorCount > errors.length) lines.push(`  … and ${errorCount - errors.length} more.`);
    const isRepeated = errors.some(({ message }) => message.includes("is already used at"));
    return isRepeated ? [...lines, "Repeated guids can be made unique: --duplicate-guids=qualify"] : lines;
  },
  PRICE_MISSING(details) {
    const {
      missing = [],
      unknown = [],
      categories = [],
    } = details as {
      missing?: string[];
      unknown?: string[];
      categories?: { name: string; seats: number }[];
    };
    const seats = new Map(categories.map((category) => [category.name, category.seats]));
    return [
      ...missing.map((name) => `  missing: --price ${shellWord(`${name}=MINOR`)} (${seats.get(name)} seats)`),
      ...unknown.map((name) => `  no seat of the plan is of the category ${JSON.stringify(name)}`),
    ];
  },
  UNAUTHORIZED: () => ["  The token is made by the local issuer; for another gateway give one with --token."],
};

function fieldLines({ errors }: Record<string, unknown>): string[] {
  return Array.isArray(errors) ? errors.map(({ field, message }) => `  ${field}: ${message}`) : [];
}

function placeOf({ path, zone, row, seat }: PlanProblem, file: string): string {
  const names = Object.entries({ zone, row, seat }).flatMap(([what, name]) =>
    name === null ? [] : [`${what} ${JSON.stringify(name)}`],
  );
  return [path || file, names.length > 0 ? `(${names.join(", ")})` : ""].filter(Boolean).join(" ");
}

const shellWord = (text: string) => (/^[\w.=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
