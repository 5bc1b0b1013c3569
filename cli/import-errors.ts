import type { PlanProblem, PlanRefusal } from "#contracts/catalog.ts";
import { StackError } from "#stack/stack-error.ts";
import { ApiError } from "./api.client.ts";

/** A refusal of the API told so that the file or the command line can be mended; other errors as they are. */
export function explained(error: unknown, file: string): unknown {
  if (!(error instanceof ApiError)) return error;
  const lines = EXPLAIN[error.code]?.(error.details, file) ?? [error.message, ...fieldLines(error.details)];
  return new StackError(lines.join("\n"));
}

/** What the terminal shows for a code: the message of the API speaks of its details, which nobody sees here. */
type Explain = (details: Record<string, unknown>, file: string) => string[];

const EXPLAIN: Record<string, Explain> = {
  SEATING_PLAN_INVALID(details, file) {
    const { errors = [], errorCount = errors.length } = details as Partial<PlanRefusal>;
    const lines = errors.length > 0 ? [`${file} was not imported; it has ${counted(errorCount, "error")}:`] : [];
    lines.push(...errors.map((problem) => `  ${placeOf(problem, file)}: ${problem.message}`));
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
      "The venue is imported, but its event needs a price for each category that has seats:",
      ...missing.map((name) => `  missing: --price ${shellWord(`${name}=MINOR`)} (${seats.get(name)} seats)`),
      ...unknown.map((name) => `  no seat of the plan is of the category ${JSON.stringify(name)}`),
    ];
  },
  UNAUTHORIZED: () => [
    "The gateway does not accept the token.",
    "  The token is made by the local issuer; for another gateway give one with --token.",
  ],
  INTERNAL_ERROR: ({ correlationId }) => [
    `The gateway failed; its log says why beside the correlation id ${correlationId}.`,
  ],
  PAYLOAD_TOO_LARGE: (_, file) => [`${file} is larger than the 40 MB that the gateway takes.`],
};

function fieldLines({ errors }: Record<string, unknown>): string[] {
  return Array.isArray(errors) ? errors.map(({ field, message }) => `  ${field}: ${message}`) : [];
}

export const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;

function placeOf({ path, zone, row, seat }: PlanProblem, file: string): string {
  const names = Object.entries({ zone, row, seat }).flatMap(([what, name]) =>
    name === null ? [] : [`${what} ${JSON.stringify(name)}`],
  );
  return [path || file, names.length > 0 ? `(${names.join(", ")})` : ""].filter(Boolean).join(" ");
}

const shellWord = (text: string) => (/^[\w.=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
