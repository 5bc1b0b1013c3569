import { clusterText, type Shown } from "./text.ts";

type Out = Pick<NodeJS.WriteStream, "write" | "isTTY" | "columns" | "rows">;

/**
 * Shows the nodes: on a terminal as one table at its end, drawn anew in place while other lines pass above it; else a line each
 * time a node's state changes.
 */
export class Board {
  readonly #out: Out;
  /** Where what is said meanwhile goes. */
  readonly #err: Out;
  #lines: string[] = [];
  #drawn = 0;
  readonly #told = new Map<number, string>();

  constructor(out: Out = process.stdout, err: Out = process.stderr) {
    this.#out = out;
    this.#err = err;
  }

  show(nodes: readonly Shown[]): void {
    if (!this.#out.isTTY) {
      this.#tell(nodes);
      return;
    }
    this.#lines = clusterText(nodes).trimEnd().split("\n");
    this.#above(() => {});
  }

  /** For the person at the terminal only. */
  say = (line: string): void => this.#above(() => this.#err.write(`${line}\n`));

  print(text: string): void {
    this.#above(() => this.#out.write(text));
  }

  /** Takes the table away, does that, and draws the table below it. */
  #above(work: () => void): void {
    if (this.#drawn > 0) this.#out.write(`\x1b[${this.#drawn}A\x1b[0J`);
    work();
    const lines = this.#fitting();
    if (lines.length > 0) this.#out.write(`${lines.join("\n")}\n`);
    this.#drawn = lines.length;
  }

  /** A line that wraps, or a table higher than the screen, could not be taken away again. */
  #fitting(): string[] {
    const { columns = 80, rows = 24 } = this.#out;
    return this.#lines.slice(0, Math.max(rows - 1, 1)).map((line) => line.slice(0, columns - 1));
  }

  #tell(nodes: readonly Shown[]): void {
    for (const [n, { nodeId, role, pid, state }] of nodes.entries()) {
      if (pid === undefined) continue;
      const line = `${nodeId} (${role}, process ${pid}): ${state}\n`;
      if (this.#told.get(n) === line) continue;
      this.#told.set(n, line);
      this.#out.write(line);
    }
  }
}
