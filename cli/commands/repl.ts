import { Command, InvalidArgumentError } from "commander";
import type { Scope } from "#contracts/caller.ts";
import { SCOPES } from "../inspect/operator.ts";
import { runRepl } from "../repl/repl.ts";

export const replCommand = (): Command =>
  new Command("repl")
    .description("Join the running cluster with Moleculer's REPL, as an operator.")
    .option("--scope <scope>", "act with this scope only; may be repeated (default: all)", scope, [])
    .action(({ scope: chosen }: { scope: Scope[] }) => runRepl(chosen.length > 0 ? chosen : SCOPES));

function scope(value: string, before: Scope[]): Scope[] {
  const known = SCOPES.find((one) => one === value);
  if (!known) throw new InvalidArgumentError(`Scopes are ${SCOPES.join(", ")}.`);
  return [...before, known];
}
