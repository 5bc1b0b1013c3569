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

  take(key: string): Taken {
    const now = this.#now();
    let window = this.#windows.get(key);
    if (!window || window.endsAt <= now) {
      window = { used: 0, endsAt: now + WINDOW_MS };
      this.#windows.set(key, window);
    }
    window.used += 1;
    return {
      allowed: window.used <= this.#limit,
      headers: {
        "x-ratelimit-limit": this.#limit,
        "x-ratelimit-remaining": Math.max(0, this.#limit - window.used),
        "x-ratelimit-reset": Math.ceil(window.endsAt / 1_000),
      },
      retryAfterSeconds: Math.ceil((window.endsAt - now) / 1_000),
    };
  }
}
