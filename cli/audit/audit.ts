import pg from "pg";
import { createKafka, type KafkaAccess } from "#broker/kafka.client.ts";
import { scanFacts } from "./facts.ts";
import { type Finding, INVARIANTS, type InvariantId } from "./finding.ts";
import { mockBook } from "./mock-book.repository.ts";
import { type Databases, scanMoney } from "./money.ts";
import type { Books } from "./provider-book.ts";
import { type Counted, findBookingsAstray, findDoubleSeats, findSeatsAstray } from "./seat.repository.ts";
import { settle } from "./settle.ts";
import { type ProviderAccess, webhookBook } from "./webhook-book.ts";

const SETTLE_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 5_000;
const KAFKA_PATIENCE = { retry: { initialRetryTime: 200, retries: 3 } };

export interface AuditSources {
  bookingUrl: string;
  paymentUrl: string;
  kafka: KafkaAccess;
  /** Of the webhook provider, whose own book is compared; the mock's is in payment's database. */
  provider?: ProviderAccess | undefined;
  /** How long what is on its way may take to arrive; 10 s when absent. */
  settleMs?: number;
}

export interface InvariantReport {
  statement: string;
  /** How many things were looked at, and what they are. */
  checked: number;
  counted: string;
  wrong: number;
  /** The first of them. */
  violations: Finding[];
  /** Bookings that were not looked at, since the topics no longer keep their first facts. */
  tooOld?: number;
  /** On its way when time was over: neither right nor wrong. */
  undecided: Finding[];
}

export type AuditReport = Record<InvariantId, InvariantReport>;

/** Looks at a system while it runs, and changes nothing. Rejects when a database or Kafka cannot be read. */
export async function audit(sources: AuditSources): Promise<AuditReport> {
  const { bookingUrl, paymentUrl, settleMs = SETTLE_MS } = sources;
  const payment = readOnly(paymentUrl);
  const databases: Databases = { booking: readOnly(bookingUrl), payment, books: booksOf(payment, sources.provider) };
  const client = createKafka({ ...sources.kafka, clientId: "eventix-audit", patience: KAFKA_PATIENCE });
  const kafka = client.admin();
  try {
    await kafka.connect();
    const [doubles, seats, bookings] = await Promise.all([
      findDoubleSeats(databases.booking),
      findSeatsAstray(databases.booking),
      findBookingsAstray(databases.booking),
    ]);
    const scan = await scanMoney(databases);
    const { violations, undecided } = await settle(databases, kafka, scan, settleMs);
    const money = (id: InvariantId, checked: number) =>
      report(id, { checked, violations: violations.filter(isOf(id)), undecided: undecided.filter(isOf(id)) });
    const facts = await scanFacts(databases, client, kafka, Date.now() + settleMs);
    const told = (id: InvariantId, checked: number) => ({
      ...report(id, {
        checked,
        violations: facts.violations.filter(isOf(id)),
        undecided: facts.undecided.filter(isOf(id)),
      }),
      tooOld: facts.tooOld,
    });
    return {
      I1: report("I1", fromRows(doubles)),
      I2: told("I2", facts.bookings),
      I3: money("I3", scan.bookings),
      I4: money("I4", scan.captures),
      I5: told("I5", facts.facts),
      I12: report("I12", fromRows(seats, bookings)),
    };
  } finally {
    await Promise.allSettled([databases.booking.end(), databases.payment.end(), kafka.disconnect()]);
  }
}

const booksOf = (payment: pg.Pool, provider: ProviderAccess | undefined): Books =>
  new Map([["mock", mockBook(payment)], ...(provider ? ([["webhook", webhookBook(provider)]] as const) : [])]);

const isOf = (id: InvariantId) => (finding: Finding) => finding.invariant === id;

type Parts = Pick<InvariantReport, "checked" | "violations" | "undecided"> & { wrong?: number };

const report = (id: InvariantId, parts: Parts): InvariantReport => ({
  ...INVARIANTS[id],
  wrong: parts.violations.length,
  ...parts,
});

const fromRows = (...counted: Counted[]): Parts => ({
  checked: counted.reduce((sum, { checked }) => sum + checked, 0),
  wrong: counted.reduce((sum, { wrong }) => sum + wrong, 0),
  violations: counted.flatMap(({ findings }) => findings),
  undecided: [],
});

function readOnly(url: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 3,
    application_name: "eventix-audit",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    options: `-c default_transaction_read_only=on -c statement_timeout=${STATEMENT_TIMEOUT_MS}`,
  });
  // The query that was running says what happened; an idle connection's loss would end the process.
  pool.on("error", () => {});
  return pool;
}
