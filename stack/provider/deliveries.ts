import { setTimeout as sleep } from "node:timers/promises";
import { signatureOf } from "../../services/payment/webhook-signature.ts";
import type { Charge, Ledger } from "./ledger.ts";

export interface DeliveryOptions {
  ledger: Ledger;
  /** Each signs: whoever knows one of them knows the event. */
  secrets: () => readonly string[];
  /** Where events go; undefined while there is nobody to take them. */
  target: () => string | undefined;
}

const AT_ONCE = 16;
const ANSWER_MS = 10_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** Tells the results of charges: each again and again, later each time, signed anew each time, until it is answered 2xx. */
export class Deliveries {
  readonly #options: DeliveryOptions;
  readonly #stopping = new AbortController();
  readonly #underWay = new Map<string, Promise<void>>();
  #free = AT_ONCE;
  #waiting: (() => void)[] = [];

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Takes up what was not delivered before. */
  start(): void {
    for (const charge of this.#options.ledger.undelivered()) this.add(charge);
  }

  add({ key, event }: Charge): void {
    if (!event || event.delivered || this.#underWay.has(key)) return;
    const delivery = this.#deliver(key)
      .catch(() => {})
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, delivery);
  }

  /** Resolves when nothing is sent any more; what was not delivered is by the next that starts. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const go of this.#waiting.splice(0)) go();
    await Promise.all(this.#underWay.values());
  }

  async #deliver(key: string): Promise<void> {
    const { signal } = this.#stopping;
    for (let waitMs = FIRST_WAIT_MS; !signal.aborted; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      if (await this.#inTurn(() => this.#send(this.#options.ledger.find(key) as Charge))) {
        this.#options.ledger.delivered(key);
        return;
      }
      await sleep(waitMs, undefined, { signal });
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#free--;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }

  async #send(charge: Charge): Promise<boolean> {
    const url = this.#options.target();
    if (url === undefined) return false;
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(ANSWER_MS)]);
    try {
      const { headers, body } = signedEvent(charge, this.#options.secrets());
      const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "error" });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }
}

const TYPES: Partial<Record<Charge["state"], string>> = { TAKEN: "charge.succeeded", DECLINED: "charge.failed" };

/** A charge's result as it goes over the wire now. */
export function signedEvent(charge: Charge, secrets: readonly string[], nowMs = Date.now()) {
  const { key, providerRef, amountMinor, currency, reason, state, event } = charge;
  const data = { key, providerRef, amountMinor, currency, ...(reason !== undefined && { reason }) };
  return signed(event?.id ?? "", { type: TYPES[state], timestamp: event?.time, data }, secrets, nowMs);
}

/** An event of any kind, signed with each of the secrets. */
export function signed(id: string, event: object, secrets: readonly string[], nowMs = Date.now()) {
  const body = Buffer.from(JSON.stringify(event));
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signature = secrets.map((secret) => signatureOf(secret, { id, timestamp, body })).join(" ");
  const headers = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signature,
  };
  return { headers, body };
}
