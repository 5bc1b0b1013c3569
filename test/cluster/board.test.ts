import assert from "node:assert/strict";
import { test } from "node:test";
import { Board } from "../../cli/cluster/board.ts";
import type { Shown } from "../../cli/cluster/text.ts";
import { readingOf } from "../../cli/cluster/watch.ts";

/** A terminal that knows what the board uses: lines, wrapping, the cursor up, and erasing below it. */
class Terminal {
  isTTY = true;
  columns: number;
  rows: number;
  lines: string[] = [""];
  #at = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write = (text: string): boolean => {
    const [plain = "", ...moves] = text.split("\x1b[");
    this.#put(plain);
    for (const move of moves) {
      const [, count, what, rest = ""] = /^(\d+)([AJ])(.*)$/s.exec(move) ?? [];
      // It cannot go to what has left the screen.
      if (what === "A") this.#at = Math.max(this.#at - Number(count), this.lines.length - this.rows, 0);
      else this.lines = [...this.lines.slice(0, this.#at), ""];
      this.#put(rest);
    }
    return true;
  };

  #put(text: string): void {
    for (const [n, line] of text.split("\n").entries()) {
      if (n > 0) this.lines[++this.#at] = "";
      const wrapped = line.match(new RegExp(`.{1,${this.columns}}`, "g")) ?? [];
      for (const [m, part] of wrapped.entries()) {
        if (m > 0) this.#at++;
        this.lines[this.#at] = part;
      }
    }
  }
}

const reading = { ready: true, callsPerSecond: 12.3, actors: 2, lag: 0, isStuck: false, memoryBytes: 2e8, cores: 0.5 };
const node = (n: number, state = "ready"): Shown => ({
  nodeId: `booking-${n}`,
  pid: n,
  role: "booking",
  state,
  reading,
});
const nodes = (count: number, state?: string) => Array.from({ length: count }, (_, n) => node(n, state));

test("a terminal shows one table, as it is now, below all that was said", () => {
  const terminal = new Terminal(100, 24);
  const board = new Board(terminal as never, terminal as never);
  board.say("Starting …");
  board.show(nodes(2, "starting"));
  board.show(nodes(2));
  board.print("A token\n");
  board.show([node(0, "ended with signal SIGKILL, again in 1 s"), node(1)]);
  board.show(nodes(3));
  const [first, second, headings, ...rest] = terminal.lines;
  assert.deepEqual([first, second, rest.length], ["Starting …", "A token", 4], terminal.lines.join("\n"));
  assert.match(headings ?? "", /^NODE +PID +SERVICES +STATE +CALLS\/S +ACTORS +LAG +MEMORY +CPU$/);
  assert.match(rest[2] ?? "", /^booking-2 +2 +booking +ready +12 +2 +0 +200 MB +50 %$/);
});

test("a table that is too large for its terminal is cut and still drawn in place", () => {
  const terminal = new Terminal(30, 5);
  const board = new Board(terminal as never, terminal as never);
  for (let n = 0; n < 4; n++) board.show(nodes(9));
  assert.equal(terminal.lines.length, 5, terminal.lines.join("\n"));
});

test("without a terminal each change of a state is a line, and figures are none", () => {
  const written: string[] = [];
  const board = new Board({ isTTY: false, write: (text: string) => written.push(text) } as never);
  board.show([{ ...node(1, "starting"), pid: undefined, reading: undefined }]);
  board.show([node(1, "starting")]);
  board.show([{ ...node(1), reading: { ...reading, callsPerSecond: 99 } }]);
  board.show([node(1)]);
  assert.deepEqual(written, ["booking-1 (booking, process 1): starting\n", "booking-1 (booking, process 1): ready\n"]);
});

const health = { nodeId: "b", ready: true, dependencies: [], consumers: [] };
const load = { uptimeMs: 10_000, calls: 100, actors: 1, memoryBytes: 1e8, cpuMs: 4_000 };
const consumed = (lag: number | null) => ({ group: "g", topic: "t", partition: 0, lag, stuckOn: null });

test("a rate is what a node did since it was asked before, by its own clock", () => {
  const now = { ...load, uptimeMs: 12_000, calls: 180, cpuMs: 7_000 };
  const { callsPerSecond, cores } = readingOf(health, now, load);
  assert.deepEqual([callsPerSecond, cores], [40, 1.5]);
  assert.equal(readingOf(health, load).callsPerSecond, 10);
});

test("a node's lag is that of all its partitions, and unknown where one is", () => {
  const lagOf = (...lags: (number | null)[]) => readingOf({ ...health, consumers: lags.map(consumed) }, load).lag;
  assert.deepEqual([lagOf(), lagOf(3, 4), lagOf(3, null)], [null, 7, null]);
});
