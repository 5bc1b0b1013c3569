import { EXIT_CODES } from "../../cli/exit-codes.ts";
import { table } from "./section.ts";

/** README's table of exit codes, from cli/exit-codes.ts. */
export const exitCodes = (): string =>
  table(
    ["exit code", "means"],
    EXIT_CODES.map(({ code, means }) => [String(code), means]),
  );
