import type { Asked } from "./asked.ts";
import type { Ids } from "./attacked.ts";
import { type Case, type Said, toAsked } from "./right-requests.ts";

/** One request that is bad in one way. */
export interface Try {
  asked: Asked;
  /** The field that the refusal must name. */
  names?: string;
}
export type Kind = (of: Case, ids: Ids) => Try[];

/** The right request, but for what it says. */
export const said = (of: Case, change: Partial<Said>, names?: string): Try => ({
  asked: toAsked(of, { ...of.said, ...change }),
  ...(names !== undefined && { names }),
});

/** The right request, changed as it goes over the wire. */
export function sent(of: Case, change: (right: Asked) => Partial<Asked>, names?: string): Try {
  const right = toAsked(of, of.said);
  return { asked: { ...right, ...change(right) }, ...(names !== undefined && { names }) };
}

export const withHeaders = (headers: Record<string, string>) => (right: Asked) => ({
  headers: { ...right.headers, ...headers },
});

export const withBody =
  (body: string, headers: Record<string, string> = {}) =>
  (right: Asked) => ({ body, headers: { ...right.headers, "content-type": "application/json", ...headers } });
