import { compile, count, currency, minor } from "#contracts/schema.ts";
import { StackError } from "#stack/stack-error.ts";
import { type BookedCharge, byRef, type ProviderBook } from "./provider-book.ts";

export interface ProviderAccess {
  apiUrl: string;
  apiKey: string;
}

/** Where an environment says that the provider can be asked. */
export const providerIn = ({ PAYMENT_API_URL: apiUrl, PAYMENT_API_KEY: apiKey }: NodeJS.ProcessEnv) =>
  apiUrl && apiKey ? { apiUrl, apiKey } : undefined;

const PAGE = 1_000;
/** They stand in the address. */
const REFS_A_REQUEST = 100;
const ANSWER_MS = 10_000;

const text = { type: "string" } as const;
const charge = {
  key: text,
  providerRef: text,
  state: text,
  amountMinor: minor,
  currency,
  refunds: count,
  refundedMinor: minor,
};
const checkList = compile({ charges: { type: "array", items: { type: "object", props: charge } } } as const);
const checkOne = compile(charge);

/** The book of the webhook provider, by its API. */
export function webhookBook({ apiUrl, apiKey }: ProviderAccess): ProviderBook {
  async function ask(path: string): Promise<unknown> {
    const response = await fetch(`${apiUrl.replace(/\/+$/, "")}${path}`, {
      headers: { authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.timeout(ANSWER_MS),
      redirect: "error",
    }).catch((error: Error) => {
      throw new StackError(`The payment provider at ${apiUrl} cannot be reached: ${error.message}`);
    });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new StackError(`The payment provider at ${apiUrl} answered ${response.status}.`);
    return response.json();
  }

  async function list(search: URLSearchParams): Promise<BookedCharge[]> {
    const result = checkList(await ask(`/charges?${search}`));
    if (!result.ok) throw new StackError(`The payment provider at ${apiUrl} answered with what is no list of charges.`);
    return result.value.charges as BookedCharge[];
  }

  async function one(key: string): Promise<BookedCharge[]> {
    const result = checkOne(await ask(`/charges/${encodeURIComponent(key)}`));
    return result.ok && result.value.state === "TAKEN" ? [result.value as BookedCharge] : [];
  }

  return {
    async find(refs) {
      const charges: BookedCharge[] = [];
      for (let from = 0; from < refs.length; from += REFS_A_REQUEST) {
        const asked = refs.slice(from, from + REFS_A_REQUEST).map((ref): [string, string] => ["ref", ref]);
        charges.push(...(await list(new URLSearchParams(asked))));
      }
      return byRef(charges);
    },
    async *taken(keys) {
      if (keys) {
        for (const key of keys) yield await one(key);
        return;
      }
      for (let after = ""; ; ) {
        const charges = await list(new URLSearchParams({ after, limit: String(PAGE) }));
        if (charges.length > 0) yield charges;
        if (charges.length < PAGE) return;
        after = charges.at(-1)?.key ?? "";
      }
    },
  };
}
