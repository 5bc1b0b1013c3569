import type { Fact } from "#contracts/events.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import type { ToldCapture } from "./fact.repository.ts";
import type { Finding } from "./finding.ts";

const { PAYMENT_SUCCESS, PAYMENT_REFUNDED } = KAFKA_TOPICS;
export const MONEY_TOPICS: readonly string[] = [PAYMENT_SUCCESS, PAYMENT_REFUNDED];

/** What the topics tell of money: which captures were announced, and which were said to be given back. */
export class MoneyStory {
  readonly #told = new Map(MONEY_TOPICS.map((topic) => [topic, new Set<string>()]));
  /** Of each capture that is told of. */
  readonly eventOf = new Map<string, string>();

  hear({ type, data }: Fact): void {
    const { captureId, eventId } = data as { captureId: string; eventId: string };
    this.eventOf.set(captureId, eventId);
    this.#told.get(type)?.add(captureId);
  }

  /** I5: what was committed before the topics were read, and is on none; nothing that is older than what they keep. */
  missing({ id, isRefunded, createdAt, updatedAt }: ToldCapture, since: Date): Finding | undefined {
    const owes = (topic: string, at: Date) => at >= since && !this.#told.get(topic)?.has(id);
    if (owes(PAYMENT_SUCCESS, createdAt)) return about(id, `is not on ${PAYMENT_SUCCESS}`, "facts");
    if (isRefunded && owes(PAYMENT_REFUNDED, updatedAt)) {
      return about(id, `was given back, and is not on ${PAYMENT_REFUNDED}`, "facts");
    }
    return undefined;
  }

  /** Captures that are told of further than they are in these rows, or that are not among them. */
  ahead(captures: ReadonlyMap<string, ToldCapture>): string[] {
    return [...this.eventOf.keys()].filter((id) => this.invented(id, captures.get(id)));
  }

  /** I5: what is told of a capture and was never committed. */
  invented(id: string, capture: ToldCapture | undefined): Finding | undefined {
    if (!capture) return about(id, "is told by facts, and does not exist", "nothing");
    if (capture.isRefunded || !this.#told.get(PAYMENT_REFUNDED)?.has(id)) return undefined;
    return about(id, `is on ${PAYMENT_REFUNDED}, and was not given back`, "nothing");
  }
}

const about = (id: string, problem: string, waitsFor: Finding["waitsFor"]): Finding => ({
  invariant: "I5",
  subject: `capture ${id}`,
  problem,
  waitsFor,
  mark: "",
});
