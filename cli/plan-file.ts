import { readFileSync } from "node:fs";
import { StackError } from "#stack/stack-error.ts";

/** The JSON of a file, whatever it is; a byte order mark is skipped. Throws StackError for a file that is none. */
export function readPlanFile(file: string): unknown {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new StackError(`${file} cannot be read: ${(error as Error).message}`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new StackError(`${file} is not UTF-8 text. A seating plan is a JSON file in UTF-8.`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StackError(`${file} is not JSON: ${(error as Error).message}`);
  }
}
