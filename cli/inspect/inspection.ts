import { InvalidArgumentError } from "commander";
import type { Cluster } from "./cluster.ts";

/** What an inspection found: for programs, and for people. */
export interface Answer {
  json: object;
  text: string;
}

export interface Argument {
  name: string;
  /** Throws InvalidArgumentError. */
  parse: (value: string) => string;
}

/** Something an operator asks a running cluster: a command of `eventix`, and one of its REPL. */
export interface Inspection {
  name: string;
  description: string;
  arguments: readonly Argument[];
  /** Without a node that offers these there is nothing to ask. */
  services: readonly string[];
  /** Throws StackError in the words for whoever asked. */
  run(cluster: Cluster, ...values: string[]): Promise<Answer>;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** An id, as every route and table of Eventix shows it. */
export const id = (name: string): Argument => ({
  name,
  parse(value) {
    if (!UUID.test(value)) {
      throw new InvalidArgumentError(`An id looks like 019a0c7e-5b1f-7c3a-9d43-2f1e0a6b8c11, not like "${value}".`);
    }
    return value.toLowerCase();
  },
});

/** `booking <id>`, as commander and the REPL name a command with its arguments. */
export const usageOf = ({ name, arguments: all }: Inspection): string =>
  [name, ...all.map((one) => `<${one.name}>`)].join(" ");

/** Its arguments checked, where the command line has not done it. Throws InvalidArgumentError. */
export function parseValues(inspection: Inspection, given: readonly string[]): string[] {
  if (given.length !== inspection.arguments.length) throw new InvalidArgumentError(`Write: ${usageOf(inspection)}`);
  return inspection.arguments.map(({ parse }, n) => parse(given[n] as string));
}
