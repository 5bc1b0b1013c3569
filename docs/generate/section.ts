/**
 * The text with the part between `<!-- made: NAME -->` and `<!-- end: NAME -->` replaced.
 * Throws when the marks are not there, each once.
 */
export function withSection(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- made: ${name} -->`, `<!-- end: ${name} -->`];
  const parts = text.split(start);
  const [before, rest] = parts;
  const [, after, ...more] = rest?.split(end) ?? [];
  if (parts.length !== 2 || before === undefined || after === undefined || more.length > 0) {
    throw new Error(`The text needs the marks ${start} and ${end}, each once.`);
  }
  return `${before}${start}\n${content.trim()}\n${end}${after}`;
}

/** A Markdown table; a `|` inside of a cell is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
