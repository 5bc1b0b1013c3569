/** Cells longer than this are cut; a provider's reference with a uuid in it fits. */
const CELL_MAX = 42;
const FIELD_MAX = 84;
const GAP = "  ";

/** A table of left-aligned columns under a row of headings, without its empty columns; no rows: only `none`. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], none: string): string {
  if (rows.length === 0) return `${none}\n`;
  const shown = headings.map((_, n) => n).filter((n) => rows.some((row) => row[n]));
  const cells = [headings, ...rows].map((row) => shown.map((n) => cut(row[n] ?? "", CELL_MAX)));
  const widths = shown.map((_, n) => Math.max(...cells.map((row) => row[n]?.length ?? 0)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, n) => cell.padEnd(widths[n] as number))
          .join(GAP)
          .trimEnd()}\n`,
    )
    .join("");
}

/** One line a fact about a thing, its name before it; what is null is left out. */
export function fields(named: Readonly<Record<string, string | null>>): string {
  const given = Object.entries(named).filter((entry): entry is [string, string] => entry[1] !== null);
  const width = Math.max(...given.map(([name]) => name.length));
  return given.map(([name, value]) => `${name.padEnd(width)}${GAP}${cut(value, FIELD_MAX)}\n`).join("");
}

/** What others have written (names, ids of users) may hold characters that move a terminal's cursor. */
function cut(text: string, max: number): string {
  const plain = text.replace(/\p{Cc}/gu, "?");
  return plain.length > max ? `${plain.slice(0, max - 1)}…` : plain;
}

/** An amount of minor units as people write it: 59.00 EUR. */
export function money(minor: number, currency: string): string {
  const digits =
    new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  return `${(minor / 10 ** digits).toFixed(digits)} ${currency}`;
}

/** An instant in UTC, to the millisecond. */
export const instant = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 23)}Z`;

/** An instant as a sentence names it: the time of day, with the date if that is not today's. */
export function clock(iso: string, now: Date): string {
  const [day, time] = [iso.slice(0, 10), `${iso.slice(11, 19)}Z`];
  return now.toISOString().startsWith(day) ? time : `${day} ${time}`;
}
