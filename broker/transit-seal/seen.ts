/**
 * Which of a sender's packets have come, by their count. Packets overtake one another: those in pieces come long after small ones
 * that were sent later. What is older than the window counts as seen.
 */
export class Seen {
  readonly #bits: Uint32Array;
  readonly #window: number;
  #highest = -1;

  /** `window`: how many of the latest are remembered, a multiple of 32; an eighth of it in bytes is its memory. */
  constructor(window: number) {
    this.#window = window;
    this.#bits = new Uint32Array(window / 32);
  }

  has(count: number): boolean {
    if (count > this.#highest) return false;
    if (count <= this.#highest - this.#window) return true;
    return ((this.#bits[this.#wordOf(count)] as number) & maskOf(count)) !== 0;
  }

  add(count: number): void {
    if (count - this.#highest >= this.#window) this.#bits.fill(0);
    else for (let between = this.#highest + 1; between < count; between++) this.#clear(between);
    this.#bits[this.#wordOf(count)] = (this.#bits[this.#wordOf(count)] as number) | maskOf(count);
    this.#highest = Math.max(this.#highest, count);
  }

  #clear(count: number): void {
    this.#bits[this.#wordOf(count)] = (this.#bits[this.#wordOf(count)] as number) & ~maskOf(count);
  }

  #wordOf(count: number): number {
    return Math.floor((count % this.#window) / 32);
  }
}

const maskOf = (count: number): number => 1 << (count % 32);
