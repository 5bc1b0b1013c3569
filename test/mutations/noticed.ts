/** `--test-name-pattern` for tests whose names begin so: it is a regular expression, and one may match anywhere in a name. */
export const patternOf = (beginning: string): string => `^${beginning.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}`;

/** Names of the tests that failed, by what the spec reporter wrote; a file that cannot be loaded is among them by its path. */
export function failedIn(written: string): string[] {
  return [...new Set([...written.matchAll(/^ *✖ (.*?) \([\d.]+ms\)$/gm)].map((match) => match[1] as string))];
}
