import type { IncomingMessage, ServerResponse } from "node:http";
import { compile, currency, minor } from "#contracts/schema.ts";
import type { Charge } from "./ledger.ts";
import type { Provider } from "./server.ts";

const text = { type: "string", min: 1, max: 200 } as const;
const checkCharge = compile({ key: text, amountMinor: minor, currency, bookingId: text, expiresAt: text } as const);
const checkRefund = compile({ key: text, providerRef: text, amountMinor: minor, currency } as const);

const BODY_MAX_BYTES = 16 * 1024;
const LIST_MAX = 1_000;
const REFS_MAX = 100;

interface Answer {
  status: number;
  body?: object;
}
const NOT_FOUND: Answer = { status: 404 };
const NOT_VALID: Answer = { status: 422 };
const FULL: Answer = {
  status: 503,
  body: { error: "The ledger of this stand-in is full: remove it from EVENTIX_HOME/provider." },
};

/** What a shop asks: to charge, to say what became of a charge, to stop it, to give back; and for the whole book. */
export async function answerApi(
  provider: Provider,
  url: URL,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const { status, body } = await answerOf(provider, url, req);
  res.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  res.end(body === undefined ? undefined : JSON.stringify(body));
}

async function answerOf(provider: Provider, { pathname, searchParams }: URL, req: IncomingMessage): Promise<Answer> {
  const [, what, key, deed, ...more] = pathname.split("/").map(decodeURIComponent);
  const asked = `${req.method} ${[what, key && ":key", deed, ...more].filter(Boolean).join("/")}`;
  const { ledger } = provider;
  const shown = (charge: Charge): Answer => ({ status: 200, body: shownBy(provider, charge) });
  switch (asked) {
    case "GET charges":
      return { status: 200, body: listed(provider, searchParams) };
    case "GET charges/:key": {
      const charge = ledger.find(key as string);
      return charge ? shown(charge) : NOT_FOUND;
    }
    case "POST charges":
    case "POST charges/:key/stop": {
      const { ok, value } = await bodyOf(req, checkCharge);
      if (!ok || (key !== undefined && key !== value.key)) return NOT_VALID;
      if (ledger.isFull && !ledger.find(value.key)) return FULL;
      return shown(deed === "stop" ? ledger.stop(value) : ledger.open(value));
    }
    case "POST refunds": {
      const { ok, value } = await bodyOf(req, checkRefund);
      if (!ok) return NOT_VALID;
      const charge = ledger.refund(value);
      return charge ? shown(charge) : { status: 409 };
    }
    default:
      return NOT_FOUND;
  }
}

/** Charges of these references, or a page of those whose money was taken. */
function listed(provider: Provider, search: URLSearchParams): object {
  const refs = search.getAll("ref").slice(0, REFS_MAX);
  const limit = Math.min(Number(search.get("limit")) || LIST_MAX, LIST_MAX);
  const charges =
    refs.length > 0
      ? refs.flatMap((ref) => provider.ledger.findByRef(ref) ?? [])
      : provider.ledger.taken(search.get("after") ?? "", limit);
  return { charges: charges.map((charge) => shownBy(provider, charge)) };
}

function shownBy({ url }: Provider, { event, expiresAt, refund, ...charge }: Charge): object {
  return {
    ...charge,
    refunds: refund ? 1 : 0,
    refundedMinor: refund?.amountMinor ?? 0,
    ...(charge.state === "PENDING" && { checkoutUrl: `${url}/pay/${charge.providerRef}` }),
  };
}

type Check<T> = (value: unknown) => { ok: true; value: T } | { ok: false };

async function bodyOf<T>(
  req: IncomingMessage,
  check: Check<T>,
): Promise<{ ok: true; value: T } | { ok: false; value?: undefined }> {
  let body = "";
  for await (const chunk of req.setEncoding("utf8")) {
    body += chunk;
    if (body.length > BODY_MAX_BYTES) return { ok: false };
  }
  try {
    const result = check(JSON.parse(body));
    return result.ok ? result : { ok: false };
  } catch {
    return { ok: false };
  }
}
