import { openApiDocument } from "../../services/gateway/openapi.ts";
import { table } from "./section.ts";

interface Operation {
  summary: string;
  /** Empty where anyone may; else the scopes that a token needs. */
  security: { token?: string[] }[];
}
type Paths = Record<string, Record<string, Operation>>;

export const openApiFile = (): string => `${JSON.stringify(openApiDocument(), null, 2)}\n`;

/** README's table of addresses, from the OpenAPI document. */
export function routesTable(): string {
  const { paths } = openApiDocument() as { paths: Paths };
  const rows = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => [
      `\`${method.toUpperCase()} ${path}\``,
      operation.summary,
      whoMay(operation),
    ]),
  );
  return table(["address", "what it does", "who may"], rows);
}

function whoMay({ security }: Operation): string {
  const [needed] = security;
  if (!needed) return "anyone";
  if (!needed.token) return "the payment provider, by signature";
  return needed.token.map((scope) => `scope \`${scope}\``).join(", ") || "a user";
}
