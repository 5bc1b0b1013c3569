import { readFileSync } from "node:fs";
import { StackError, UsageError } from "#stack/stack-error.ts";

/** What the gateway takes; a larger file may be so for its white space alone. */
const SENT_AS_IT_IS_BYTES = 40 * 1024 * 1024;

/** The JSON text of a file, whatever it says; a byte order mark is skipped. Throws StackError for a file that is none. */
export function readPlanFile(file: string): string {
  const bytes = readBytes(file);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new StackError(`${file} is not UTF-8 text. A seating plan is a JSON file in UTF-8.`);
  }
  try {
    const json: unknown = JSON.parse(text);
    return bytes.length > SENT_AS_IT_IS_BYTES ? JSON.stringify(json) : text;
  } catch (error) {
    throw new StackError(
      `${file} is not JSON (${(error as Error).message}): give a seating plan as pretix's editor saves it, like plans/theatre.json.`,
    );
  }
}

const REFUSALS: Record<string, (file: string) => string> = {
  ENOENT: (file) => `There is no file ${file}: give the path of a plan, like plans/theatre.json.`,
  EISDIR: (file) => `${file} is a folder: give the path of a plan in it.`,
  EACCES: (file) => `${file} may not be read by you: chmod +r ${file}`,
};

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new UsageError(REFUSALS[code]?.(file) ?? `${file} cannot be read: ${message}`);
  }
}
