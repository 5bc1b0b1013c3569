import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { type AuditReport, audit } from "../../cli/audit/audit.ts";
import { asText, exitCodeOf } from "../../cli/audit/report.ts";
import { freshDatabase } from "../support/database.ts";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { tokenFor } from "../support/token.ts";
import { until } from "../support/until.ts";

const BUYERS = 12;
const ROUNDS = 10;
/** Payments go on for a while after the last hold. */
const AUDITS_WITH_MONEY = 3;
/** Fewer than all buyers ask for in all: some lose, and seats that come free are sold again. */
const SEATS_FOUGHT_OVER = 120;

let node: TestNode;
let urls: { catalog: string; booking: string; payment: string };
let eventId: string;
let seatIds: string[];

before(async () => {
  urls = {
    catalog: await freshDatabase("catalog"),
    booking: await freshDatabase("booking"),
    payment: await freshDatabase("payment"),
  };
  node = await startNode({
    env: {
      DATABASE_URL_CATALOG: urls.catalog,
      DATABASE_URL_BOOKING: urls.booking,
      DATABASE_URL_PAYMENT: urls.payment,
      PAYMENT_DELAY_MS: "300",
      PAYMENT_SUCCESS_RATE: "0.7",
    },
  });
  await untilReachable(node);
  eventId = await putOnSale();
});
after(() => node?.stop());

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire is looked at field by field.
async function ask(path: string, token?: string, body?: object | string): Promise<{ status: number; data: any }> {
  const response = await fetch(node.url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const { data } = (await response.json()) as { data: unknown };
  return { status: response.status, data };
}

async function putOnSale(): Promise<string> {
  const operator = tokenFor("operator", { scopes: ["catalog:write"] });
  const { data: venue } = await ask("/api/venues", operator, await readFile("plans/theatre.json", "utf8"));
  const prices = Object.fromEntries(venue.categories.map(({ name }: { name: string }) => [name, 2_500]));
  const event = {
    venueId: venue.venueId,
    name: "Traffic",
    startsAt: "2030-01-01T20:00:00Z",
    currency: "EUR",
    prices,
    holdSeconds: 2,
  };
  const { data } = await ask("/api/events", operator, event);
  await ask(`/api/events/${data.id}/publish`, operator, {});
  const seats = await until(
    async () => {
      const answer = await ask(`/api/events/${data.id}/availability`);
      return answer.status === 200 && answer.data.seats;
    },
    { what: "the event to be on sale", ms: 30_000 },
  );
  seatIds = seats.slice(0, SEATS_FOUGHT_OVER).map(({ seatId }: { seatId: string }) => seatId);
  return data.id;
}

/** Takes two seats at a time, cancels some of its bookings at once and some while they are being paid. */
async function buy(buyer: number): Promise<number> {
  const token = tokenFor(`buyer-${buyer}`);
  let held = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const first = (buyer * 17 + round * 29) % (SEATS_FOUGHT_OVER - 1);
    const { status, data } = await ask("/api/bookings", token, { eventId, seatIds: seatIds.slice(first, first + 2) });
    if (status !== 201) continue;
    held += 1;
    if (round % 3 === 0) await ask(`/api/bookings/${data.id}/cancel`, token, {});
  }
  return held;
}

const auditNow = (): Promise<AuditReport> =>
  audit({
    bookingUrl: urls.booking,
    paymentUrl: urls.payment,
    kafka: { brokers: (process.env.KAFKA_BROKERS as string).split(",") },
  });

test("an audit in the midst of sales, cancellations and refunds finds nothing wrong, and neither does one after", async () => {
  let selling = true;
  const buyers = Promise.all(Array.from({ length: BUYERS }, (_, i) => buy(i))).finally(() => {
    selling = false;
  });
  const reports: AuditReport[] = [];
  const withMoney = () => reports.filter(({ I4 }) => I4.checked > 0).length;
  do reports.push(await auditNow());
  while ((selling || withMoney() < AUDITS_WITH_MONEY) && reports.length < 50);
  const held = (await buyers).reduce((sum, each) => sum + each, 0);
  assert.ok(held >= BUYERS && withMoney() >= AUDITS_WITH_MONEY, `${held} holds, ${withMoney()} audits with money`);
  reports.push(await auditNow());
  for (const report of reports) assert.equal(exitCodeOf(report), 0, asText(report));
  const last = reports.at(-1) as AuditReport;
  assert.ok(
    last.I3.checked > 0 && last.I4.checked >= last.I3.checked && last.I12.checked >= SEATS_FOUGHT_OVER,
    asText(last),
  );
});
