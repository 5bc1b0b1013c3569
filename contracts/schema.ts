import FastestValidator from "fastest-validator";

const Validator = FastestValidator as unknown as typeof FastestValidator.default;

/** What every validator of ours is made with. */
export const VALIDATOR_OPTIONS = {
  useNewCustomCheckerFunction: true,
  haltOnFirstError: false,
  plugins: [tellNoObjects],
};
const validator = new Validator(VALIDATOR_OPTIONS);

/**
 * A finding tells an object as "object" and not whole. The validator makes text of what it tells, and JSON can hold what has
 * none: `[{"toString": ""}]` throws a TypeError, lists nested some thousands deep a RangeError. That would be a fault of ours
 * to a client, and keep a consumer for ever at a fact that is a dead letter.
 */
function tellNoObjects(made: { makeError(finding: { actual?: string }): string }): void {
  const { makeError } = made;
  made.makeError = (finding) => {
    const { actual } = finding;
    const told = `(typeof ${actual} === "object" && ${actual} !== null ? "object" : ${actual})`;
    return makeError.call(made, actual === undefined ? finding : { ...finding, actual: told });
  };
}

/** A uuid of any version; upper case is accepted and made lower case, so that equal ids are equal strings. */
export const uuid = {
  type: "string",
  pattern: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  messages: { stringPattern: "must be a uuid, like 019c0e0a-7c1e-7c3a-9d5e-3f1b2a4c5d6e" },
  lowercase: true,
  example: "019c0e0a-7c1e-7c3a-9d5e-3f1b2a4c5d6e",
} as const;

/** An RFC 3339 instant with its offset. */
export const instant = {
  type: "string",
  max: 40,
  pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/,
  messages: { stringPattern: "must be a date, a time and its offset, like 2027-09-01T19:30:00+02:00" },
  example: "2027-09-01T19:30:00.000Z",
} as const;

/** An amount of money in minor units (cents); a trillion is more than any order. */
export const minor = { type: "number", integer: true, min: 0, max: 1_000_000_000_000, example: 4500 } as const;

/** An ISO 4217 code. */
export const currency = {
  type: "string",
  pattern: /^[A-Z]{3}$/,
  messages: { stringPattern: "must be three capital letters as in ISO 4217, like EUR" },
  description: "ISO 4217 code of the currency.",
  example: "EUR",
} as const;

export const count = { type: "number", integer: true, min: 0, example: 0 } as const;

/**
 * A fastest-validator rule in the object form; the shorthand strings carry no types and are not used. `description` and
 * `example` are for people: the validator does not look at them, the documents of API and facts are made of them.
 */
export type Rule = {
  readonly type: string;
  readonly optional?: boolean;
  readonly nullable?: boolean;
  readonly description?: string;
  readonly example?: unknown;
};
export type Schema = { readonly [field: string]: Rule };

type Plain<R> = R extends { type: "string" }
  ? string
  : R extends { type: "number" }
    ? number
    : R extends { type: "boolean" }
      ? boolean
      : R extends { type: "enum"; values: readonly (infer V)[] }
        ? V
        : R extends { type: "equal"; value: infer V }
          ? V
          : R extends { type: "array"; items: infer I }
            ? InferRule<I>[]
            : R extends { type: "object"; props: infer P }
              ? Infer<P>
              : R extends { type: "record"; value: infer V }
                ? Record<string, InferRule<V>>
                : unknown;

type OptionalKeys<S> = { [K in keyof S]: S[K] extends { optional: true } ? K : never }[keyof S];
type Fields<S> = Omit<S, OptionalKeys<S> | `$$${string}`>;

/** The type of what a schema accepts: type and schema have one source. */
export type Infer<S> = { -readonly [K in keyof Fields<S>]: InferRule<Fields<S>[K]> } & {
  -readonly [K in OptionalKeys<S>]?: InferRule<S[K]>;
};
export type InferRule<R> = R extends { nullable: true } ? Plain<R> | null : Plain<R>;

export interface Problem {
  /** The path of what is wrong, as `seats[3].priceMinor`; empty for the whole. */
  field: string;
  message: string;
}

export type Checked<T> = { ok: true; value: T } | { ok: false; problems: Problem[] };

/** Compiles a schema to a check. The check normalizes what it is given (lower-case uuids), so it must own it. */
export function compile<S extends object>(schema: S): (value: unknown) => Checked<Infer<S>> {
  const check = validator.compile(schema as never);
  return (value) => {
    if (value === null || typeof value !== "object")
      return { ok: false, problems: [{ field: "", message: "must be an object" }] };
    const result = check(value);
    if (result === true) return { ok: true, value: value as Infer<S> };
    const errors = result as { field: string; message?: string }[];
    return { ok: false, problems: errors.map((e) => ({ field: e.field ?? "", message: e.message ?? "is not valid" })) };
  };
}
