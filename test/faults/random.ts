import { createHash } from "node:crypto";

const WORD = 2 ** 32;

/** Chance that can be had again: the same seed draws the same numbers, whatever the machine. */
export class Random {
  readonly #seed: string;
  #drawn = 0;
  #words: Uint32Array = new Uint32Array(0);

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** A source of its own, so that what one client draws does not depend on how far another has come. */
  fork(name: string): Random {
    return new Random(`${this.#seed}/${name}`);
  }

  /** From 0 to below 1. */
  float(): number {
    const at = this.#drawn % 8;
    if (at === 0) {
      const digest = createHash("sha256").update(`${this.#seed}:${this.#drawn}`).digest();
      this.#words = Uint32Array.from({ length: 8 }, (_, n) => digest.readUInt32LE(4 * n));
    }
    this.#drawn++;
    return (this.#words[at] as number) / WORD;
  }

  /** A whole number from 0 to below `end`. */
  int(end: number): number {
    return Math.floor(this.float() * end);
  }

  between(low: number, high: number): number {
    return low + this.float() * (high - low);
  }

  chance(share: number): boolean {
    return this.float() < share;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T;
  }

  /** `count` of them, none twice, in any order. */
  some<T>(items: readonly T[], count: number): T[] {
    const left = [...items];
    return Array.from({ length: Math.min(count, left.length) }, () => left.splice(this.int(left.length), 1)[0] as T);
  }
}
