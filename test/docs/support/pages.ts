import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../../..");

/**
 * A comment before a block of commands says how it is run, where it is not simply run on a started system:
 * `<!-- run by FILE -->`, `<!-- runs until Ctrl-C and shows TEXT -->`, `<!-- not run here: REASON -->`.
 */
const BLOCK = /(?:<!-- (run by|runs until Ctrl-C and shows|not run here:) (.*?) -->\n)?```sh\n([\s\S]*?)```/g;
const OTHER_BLOCK = /```[\s\S]*?```/g;
const SPAN = /`([^`\n]+)`/g;
const COMMAND = /^(npm|npx|curl|psql|docker|node) /;

export interface Block {
  how: string | undefined;
  detail: string;
  commands: string;
}

export interface Page {
  page: string;
  blocks: Block[];
  /** The commands between words, in prose and tables. */
  inline: string[];
}

/** README.md, then those of docs/. */
export const PAGES: Page[] = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "README.md", "docs/*.md"], {
  cwd: ROOT,
})
  .toString()
  .trim()
  .split("\n")
  .map((page) => ({ page, ...read(textOf(page)) }));

export function textOf(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

function read(markdown: string): Omit<Page, "page"> {
  const blocks = [...markdown.matchAll(BLOCK)].map(([, how, detail = "", commands = ""]) => ({
    how,
    detail,
    commands,
  }));
  const spans = [...markdown.replaceAll(OTHER_BLOCK, "").matchAll(SPAN)].map(([, span = ""]) => span);
  // In a table a bar would end the cell.
  const inline = spans.map((span) => span.replaceAll("\\|", "|")).filter((span) => COMMAND.test(span));
  return { blocks, inline };
}

/** The lines of a block that are commands. */
export const linesOf = ({ commands }: Block): string[] =>
  commands.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

/** What begins every command, and what joins two. */
const NO_WORDS = new Set(["npm", "npx", "run", "-s", "--", "eventix", "&&"]);

/** The words that tell a command from others, without those that stand for the reader's own, as ID, $BOOKING or `[--json]`. */
export const wordsOf = (command: string): string[] =>
  command
    .replace(/\s#.*|\[.*?\]/g, "")
    .split(/\s+/)
    .filter((word) => word !== "" && !NO_WORDS.has(word) && !/^\$?[A-Z…]/.test(word));

/** The words of a command that a text does not have. */
export const lackingIn = (text: string, command: string): string[] =>
  wordsOf(command).filter((word) => !new RegExp(`(?<![\\w-])${escaped(word)}(?![\\w-])`).test(text));

const escaped = (word: string) => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
