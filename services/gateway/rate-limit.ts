import { LRUCache } from "lru-cache";

const WINDOW_MS = 60_000;
/** Windows kept at once; the one least used is forgotten first. */
const WINDOWS_MAX = 100_000;

interface Window {
  used: number;
  /** Epoch ms. */
  endsAt: number;
}

export interface Taken {
  allowed: boolean;
  /** Of this answer: how many requests a window has, how many are left, and when the next one begins (epoch seconds). */
  headers: { "x-ratelimit-limit": number; "x-ratelimit-remaining": number; "x-ratelimit-reset": number };
  retryAfterSeconds: number;
}

/**
 * Counts requests by key in fixed windows of a minute, each beginning with the key's first request.
 * Counts this gateway only: a limit over several would cost a round trip a request.
 */
export class RateLimiter {
  readonly #limit: number;
  readonly #now: () => number;
  readonly #windows = new LRUCache<string, Window>({ max: WINDOWS_MAX });

  /** `limit`: requests a minute. `now`: epoch milliseconds. */
  constructor(limit: number, now: () => number = Date.now) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Counts a request of `key`. */
  take(key: string): Taken {
    const now = this.#now();
    const window = this.#windowOf(key, now) ?? { used: 0, endsAt: now + WINDOW_MS };
    window.used += 1;
    this.#windows.set(key, window);
    return this.#told(window, now, window.used <= this.#limit);
  }

  /** Whether one more would be allowed, without counting it. */
  look(key: string): Taken {
    const now = this.#now();
    const window = this.#windowOf(key, now) ?? { used: 0, endsAt: now + WINDOW_MS };
    return this.#told(window, now, window.used < this.#limit);
  }

  #windowOf(key: string, now: number): Window | undefined {
    const window = this.#windows.get(key);
    return window && window.endsAt > now ? window : undefined;
  }

  #told({ used, endsAt }: Window, now: number, allowed: boolean): Taken {
    return {
      allowed,
      headers: {
        "x-ratelimit-limit": this.#limit,
        "x-ratelimit-remaining": Math.max(0, this.#limit - used),
        "x-ratelimit-reset": Math.ceil(endsAt / 1_000),
      },
      retryAfterSeconds: Math.ceil((endsAt - now) / 1_000),
    };
  }
}
