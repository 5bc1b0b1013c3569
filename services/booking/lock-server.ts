import { Redis } from "ioredis";

type Answer = (error: Error | null, result?: unknown) => void;

/** A stalled server costs one of these, once until it is left alone. */
const COMMAND_TIMEOUT_MS = 150;
const LEFT_ALONE_MS = 1_000;
const NOT_ASKED = new Error("it did not answer just now and is left alone");

/**
 * One of the Redis servers that grant locks, as Redlock asks it. One that fails is left alone for a second: Redlock waits for the
 * slowest of its servers, and a stalled one must not slow down the locks that the others grant.
 */
export class LockServer {
  readonly #redis: Redis;
  /** Values of locks that were asked for here and not yet given back. */
  readonly #asked = new Set<string>();
  #aloneUntil = 0;

  constructor(url: string) {
    this.#redis = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      retryStrategy: () => 500,
    });
    this.#redis.on("error", () => {}); // each failing call tells by itself
  }

  /** Whether it has answered lately, as far as anybody asked. */
  get answers(): boolean {
    return Date.now() >= this.#aloneUntil;
  }

  connect(): Promise<void> {
    return this.#redis.connect();
  }

  async ping(): Promise<void> {
    await this.#redis.ping();
  }

  disconnect(): void {
    this.#redis.disconnect();
  }

  /** `args`: how many keys, the keys, the lock's value and, to take it, for how long. */
  evalsha(hash: string, args: (string | number)[], answer: Answer): void {
    if (this.#isToBeAsked(args)) this.#call("evalsha", [hash, ...args], answer);
    else answer(NOT_ASKED);
  }

  /** The same with the script, where the server does not know it. */
  eval(args: (string | number)[], answer: Answer): void {
    this.#call("eval", args, answer);
  }

  /**
   * What was asked for is given back even to a server that is left alone: on the one connection it stands behind the lock, and
   * without it a server that goes on would keep what nobody has.
   */
  #isToBeAsked(args: readonly (string | number)[]): boolean {
    const keys = Number(args[0]);
    const value = String(args[keys + 1]);
    const isTaking = args.length > keys + 2;
    if (!isTaking) return this.#asked.delete(value);
    if (this.answers) this.#asked.add(value);
    return this.answers;
  }

  #call(command: "eval" | "evalsha", args: (string | number)[], answer: Answer): void {
    this.#redis.call(command, args, (error, result) => {
      const isFailure = error && !error.message.startsWith("NOSCRIPT");
      if (isFailure) this.#aloneUntil = Date.now() + LEFT_ALONE_MS;
      answer(error ?? null, result);
    });
  }
}
