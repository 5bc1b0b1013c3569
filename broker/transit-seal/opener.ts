import { headerOf, type Purpose, sessionKey, unseal } from "./seal.ts";
import { Seen } from "./seen.ts";

/** Packets are read within milliseconds; a large one takes seconds. Clocks of nodes differ by less, or its calls were late anyway. */
const MAX_AGE_MS = 60_000;
/** Of a sender's packets that so many later ones overtook, none is taken any more: 35 s of 30,000 a second, in 128 KiB a sender. */
const WINDOW = 2 ** 20;

interface Session {
  key: Buffer;
  seen: Seen;
  /** When its latest packet was sent. */
  latestMs: number;
}

export type Opened = { content: Buffer } | { refused: string };

/**
 * Opens what nodes with the same key have sealed for this one, each packet once. Who writes to Kafka without the key can
 * make none, change none, send none again, not to another node either, nor as another kind; only hold some back for a minute.
 */
export class Opener {
  readonly #cluster: Buffer;
  readonly #now: () => number;
  readonly #startedAtMs: number;
  readonly #sessions = new Map<string, Session>();

  /** `now` in epoch ms. */
  constructor(cluster: Buffer, now: () => number = Date.now) {
    this.#cluster = cluster;
    this.#now = now;
    this.#startedAtMs = now();
  }

  /** `purpose.target` is this node. */
  open(sealed: Buffer, purpose: Purpose & { target: string }): Opened {
    const header = headerOf(sealed);
    if (!header) return { refused: "it is not sealed" };
    const { session, count, sentAtMs, isForAll } = header;
    const known = this.#sessions.get(session);
    const key = known?.key ?? sessionKey(this.#cluster, session);
    const content = unseal(sealed, key, count, isForAll ? { ...purpose, target: null } : purpose);
    if (!content) return { refused: "it is sealed with another key, or for something else" };
    if (Math.abs(this.#now() - sentAtMs) > MAX_AGE_MS)
      return { refused: "it is older than a minute, or a clock is wrong" };
    // What came before was for the node's last start, which took it already; nothing here remembers that.
    if (sentAtMs < this.#startedAtMs) return { refused: "it was sent before this node started" };
    if (known?.seen.has(count)) return { refused: "it has come before" };
    this.#remember(session, known ?? { key, seen: new Seen(WINDOW), latestMs: sentAtMs }, count, sentAtMs);
    return { content };
  }

  /** Only what was opened is remembered: made-up sessions take no room. */
  #remember(id: string, session: Session, count: number, sentAtMs: number): void {
    session.seen.add(count);
    session.latestMs = Math.max(session.latestMs, sentAtMs);
    if (this.#sessions.has(id)) return;
    this.#sessions.set(id, session);
    for (const [other, { latestMs }] of this.#sessions) {
      // Nothing of it that is young enough to be taken has been sent for as long again.
      if (this.#now() - latestMs > 2 * MAX_AGE_MS) this.#sessions.delete(other);
    }
  }
}
