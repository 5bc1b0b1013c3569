/**
 * The headers of a dead letter that an operator had published again (`eventix dlq retry`): on its topic beside the fact, as it
 * was, and on the dead letter that comes of it if it is refused again.
 */
export const RETRY_HEADERS = {
  /** The dead letter, as `payment.success.dlq/0@17`. */
  of: "eventix-retry-of",
  /** The consumer that had refused it: the others have had the fact, and may have forgotten that they applied it. */
  consumer: "eventix-retry-for",
  /** Who had it published again, as `cli:alice`. */
  by: "eventix-retried-by",
} as const;

export interface RetryMark {
  of: string;
  consumer: string;
  by: string;
}

type Headers = Record<string, unknown>;

/** Undefined for a record that is what its service published. */
export function retryMarkOf(headers: Headers = {}): RetryMark | undefined {
  const { of, consumer, by } = RETRY_HEADERS;
  if (headers[of] === undefined) return undefined;
  return { of: String(headers[of]), consumer: String(headers[consumer]), by: String(headers[by]) };
}

export const headersOf = ({ of, consumer, by }: RetryMark): Record<string, string> => ({
  [RETRY_HEADERS.of]: of,
  [RETRY_HEADERS.consumer]: consumer,
  [RETRY_HEADERS.by]: by,
});

/**
 * The header of a note among the dead letters that one of them, named by its place, is about to be published again. It is there
 * before that, and as long as the letter: whoever looks later knows it, though topic and processed_events have long forgotten.
 */
export const RETRY_NOTE = "eventix-retried";
