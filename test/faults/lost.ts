import { RETRYABLE, unwrapped } from "#mixins/retryable.ts";
import type { Breakable } from "./fault.ts";

const isOf = (rows: readonly { codes: RegExp }[], words: readonly string[]) =>
  rows.some(({ codes }) => words.some((word) => codes.test(word)));

/** A connection, or what a server says that ends; not all that may pass. */
const POSTGRES_LOST = /^(08|57P0)/;

/** The server to which a client lost its connection, by what it threw; undefined for whatever else was thrown. */
export function lostServer(error: unknown): Breakable | undefined {
  const { name, code, message } = unwrapped(error) as Record<string, unknown>;
  if (isOf(RETRYABLE.kafka, [String(name)])) return "kafka";
  if (POSTGRES_LOST.test(String(code)) || isOf(RETRYABLE.network, [String(code), String(message)])) return "postgres";
  return undefined;
}
