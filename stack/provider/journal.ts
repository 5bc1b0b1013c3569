import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Entries in a file, a line each, the last of one id counts. What was appended is on the disk. */
export class Journal<T> {
  readonly entries: T[];
  readonly #descriptor: number;

  constructor(file: string, idOf: (entry: T) => string) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.entries = [...new Map(linesOf<T>(file).map((entry) => [idOf(entry), entry])).values()];
    const aside = `${file}.${process.pid}`;
    writeFileSync(aside, this.entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""), {
      mode: 0o600,
      flush: true,
    });
    renameSync(aside, file);
    this.#descriptor = openSync(file, "a", 0o600);
  }

  append(entry: T): void {
    writeSync(this.#descriptor, `${JSON.stringify(entry)}\n`);
    fsyncSync(this.#descriptor);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** The last line may be half a one, of a process that was killed while it wrote: nobody was told of it. */
function linesOf<T>(file: string): T[] {
  const lines = read(file).split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line) as T);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
