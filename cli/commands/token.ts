import { Command, InvalidArgumentError } from "commander";
import { eventixHome } from "#stack/home.ts";
import { signToken } from "#stack/issuer/token.ts";

interface TokenOptions {
  scope: string[];
  expires: string;
  organizer?: string;
}

export const tokenCommand = (): Command =>
  new Command("token")
    .description("Print a token of the local issuer for each name, one a line.")
    .argument("<name...>", "who the token is for (its sub)", names)
    .option("--scope <scope>", "a scope it carries; may be repeated, or several in one", scopes, [])
    .option("--organizer <id>", "whose venues and events it manages (its org_id)")
    .option("--expires <span>", "how long it lives, like 90s, 15m, 1h or 7d", span, "1h")
    .action((names: string[], { scope, expires, organizer }: TokenOptions) => {
      for (const name of names) {
        process.stdout.write(`${signToken(eventixHome(), name, { scopes: scope, expires, organizer })}\n`);
      }
    });

function names(value: string, before: string[] = []): string[] {
  if (value.trim() === "") throw new InvalidArgumentError("A name must not be empty.");
  return [...before, value];
}

const scopes = (value: string, before: string[]): string[] => [...before, ...value.split(/[\s,]+/).filter(Boolean)];

function span(value: string): string {
  if (!/^\d{1,6}[smhd]$/.test(value)) throw new InvalidArgumentError("Write a number and s, m, h or d: 15m.");
  return value;
}
