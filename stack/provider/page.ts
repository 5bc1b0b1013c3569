import type { Charge } from "./ledger.ts";

/** Nothing is loaded from anywhere, no script runs, and no other page may hold this one in a frame. */
export const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

const STYLE = `
  body { font: 1.1rem/1.5 system-ui, sans-serif; margin: 10vh auto; max-width: 26rem; padding: 0 1rem; }
  .amount { font-size: 2.5rem; font-weight: 700; margin: 0.5rem 0; }
  form { display: inline; } button { font: inherit; padding: 0.6rem 1.4rem; margin: 1rem 0.5rem 1rem 0; }
  footer { color: #555; font-size: 0.9rem; }`;

const SAID: Record<Charge["state"], string> = {
  PENDING: "",
  TAKEN: "Paid. You can close this page.",
  DECLINED: "Declined: nothing was taken.",
  STOPPED: "This can no longer be paid: the seats are not held any more. Nothing was taken.",
};

/** Where the buyer pays, or sees what became of it. */
export function payPage(charge: Charge): string {
  const { state, amountMinor, currency, bookingId, refund } = charge;
  const said = refund ? "Paid, and given back." : SAID[state];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Pay ${escaped(money(amountMinor, currency))}</title>
<style>${STYLE}</style>
<main>
<h1>Your seats</h1>
<p class="amount">${escaped(money(amountMinor, currency))}</p>
<p>Booking ${escaped(bookingId)}</p>
${state === "PENDING" ? buttons(charge) : `<p role="status"><strong>${escaped(said)}</strong></p>`}
</main>
<footer>This page stands in for a payment provider while Eventix is developed. No money moves.</footer>
</html>
`;
}

export const notFoundPage = (): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Not found</title><p>There is nothing to pay here.</p></html>\n`;

const buttons = ({ providerRef, expiresAt }: Charge): string => `
<p>The seats are held until <time datetime="${escaped(expiresAt)}">${escaped(expiresAt.slice(11, 19))} UTC</time>.</p>
${button("Pay", `/pay/${providerRef}/pay`)}
${button("Decline", `/pay/${providerRef}/decline`)}`;

const button = (name: string, action: string) =>
  `<form method="post" action="${action}"><button>${name}</button></form>`;

function money(amountMinor: number, currency: string): string {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  return format.format(amountMinor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);
