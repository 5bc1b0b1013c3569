import { thisProcess } from "#stack/process.ts";
import type { Say } from "#stack/progress.ts";
import { type Stack, stackDown, stackUp } from "#stack/stack.ts";
import { migrate } from "../../migrations/migrate.ts";

/** The servers that a command runs its nodes on: those that run stay with whom they are, those that it started end with it. */
export class Servers {
  readonly #home: string;
  readonly #say: Say;
  #stack: Promise<Stack> | undefined;

  constructor(home: string, say: Say) {
    this.#home = home;
    this.#say = say;
  }

  /** Their addresses, with databases of the newest schema. */
  async up(wish: AbortSignal): Promise<Stack["env"]> {
    wish.throwIfAborted();
    this.#stack = stackUp({ home: this.#home, say: this.#say, owner: thisProcess(), signal: wish });
    const { env } = await this.#stack;
    await migrate(env, this.#say);
    wish.throwIfAborted();
    return env;
  }

  async down(): Promise<void> {
    if (this.#stack === undefined) return;
    // Also when it failed: a stack that a killed start had left became ours, and would run on.
    await this.#stack.catch(() => {});
    await stackDown({ home: this.#home, say: this.#say, owner: thisProcess() });
  }
}
