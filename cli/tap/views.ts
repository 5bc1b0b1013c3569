import { clock } from "../inspect/text.ts";
import { lineOf } from "./line.ts";
import { Stats } from "./stats.ts";
import type { Tapped } from "./tapped.ts";

export interface View {
  add(records: readonly Tapped[]): void | Promise<void>;
  /** What is said at the end, to stderr. */
  end(): string;
}

type Print = (text: string) => Promise<void>;

const REDRAW_MS = 1_000;
/** Where nothing can be drawn anew. */
const REPEAT_MS = 5_000;

export const VIEWS = { lines, json, stats };

function lines(print: Print): View {
  let shown = 0;
  return {
    async add(records) {
      shown += records.length;
      const now = new Date();
      if (records.length > 0) await print(records.map((record) => `${lineOf(record, now)}\n`).join(""));
    },
    end: () => `${shown} shown\n`,
  };
}

/** Facts byte for byte; line breaks in JSON are outside of its texts, and mean as much as spaces. */
function json(print: Print): View {
  let leftOut = 0;
  return {
    async add(records) {
      const values = records.filter(isJson).map(({ value }) => `${value.replace(/[\r\n]+/g, " ")}\n`);
      leftOut += records.length - values.length;
      if (values.length > 0) await print(values.join(""));
    },
    end: () => (leftOut === 0 ? "" : `${leftOut} left out, since they are not JSON\n`),
  };
}

function isJson({ fact, value }: Tapped): boolean {
  if (fact) return true;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

function stats(print: Print): View {
  const stats = new Stats();
  const canDraw = process.stdout.isTTY;
  let drawn = 0;
  const draw = () => {
    const now = new Date();
    const text = `Facts by topic, at ${clock(now.toISOString(), now)}\n${stats.text(now)}`;
    const over = drawn > 0 ? `\x1b[${drawn}A\x1b[0J` : "";
    drawn = canDraw ? text.split("\n").length - 1 : 0;
    return print(`${over}${text}${canDraw ? "" : "\n"}`);
  };
  const drawing = setInterval(draw, canDraw ? REDRAW_MS : REPEAT_MS);
  if (canDraw) draw();
  return {
    add: (records) => stats.add(records),
    end() {
      clearInterval(drawing);
      return canDraw ? "" : stats.text();
    },
  };
}
