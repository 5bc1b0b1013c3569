import { setTimeout as delay } from "node:timers/promises";

/** Waits until `check` gives something. */
export async function until<T>(what: string, check: () => T | Promise<T>, withinMs = 30_000): Promise<NonNullable<T>> {
  const end = performance.now() + withinMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (performance.now() > end) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await delay(20);
  }
}

export interface Failure extends Error {
  code: number;
  type: string;
  data: unknown;
  retryable: boolean;
  nodeID: string;
}

/** The error that a promise ends in. */
export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    return error as Failure;
  }
  throw new Error("It did not fail.");
}
