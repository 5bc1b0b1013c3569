import { Command, InvalidArgumentError } from "commander";
import { savedCosts } from "./costs.ts";
import { ASSUMED, ASSUMPTIONS, type Assumptions } from "./model/assumptions.ts";
import { assumptionsTable, costsTable, eventTable, planTable } from "./model/tables.ts";

/** Nobody has half of one. */
const COUNTED: ReadonlySet<string> = new Set(["zones", "copies", "cores", "holds", "halls", "cells"]);

const assume = (raw: string, before: Assumptions): Assumptions => {
  const [name = "", value] = raw.split("=");
  if (!Object.hasOwn(ASSUMPTIONS, name)) {
    throw new InvalidArgumentError(`Assumed are ${Object.keys(ASSUMPTIONS).join(", ")}.`);
  }
  if (!(Number(value) > 0)) throw new InvalidArgumentError("It must be a number above 0.");
  const { unit } = ASSUMED[name as keyof Assumptions];
  if (COUNTED.has(unit) && !Number.isInteger(Number(value))) {
    throw new InvalidArgumentError(`It must be a whole number of ${unit}.`);
  }
  return { ...before, [name]: Number(value) };
};

const model = new Command("model")
  .description("Computes what large sales need, of the costs that `bench costs --save` has measured.")
  .option("--assume <name=value>", "something else than docs/scaling.md does; may be repeated", assume, ASSUMPTIONS)
  .action(({ assume: a }: { assume: Assumptions }) => {
    const costs = savedCosts();
    const tables = [costsTable(costs), assumptionsTable(a), planTable(costs, a), eventTable(costs, a)];
    process.stdout.write(`${tables.join("\n\n")}\n`);
  });

await model.parseAsync();
