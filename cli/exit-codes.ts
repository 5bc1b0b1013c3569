/** What the exit code of every command of `eventix` means; `eventix --help` and README show this. */
export const EXIT_CODES = [
  { name: "done", code: 0, means: "done; of start, cluster and node: stopped cleanly" },
  {
    name: "failed",
    code: 1,
    means: "failed or refused; audit: something is violated; doctor: something has to be mended",
  },
  { name: "undecided", code: 2, means: "only audit: something could not be decided or read" },
  { name: "usage", code: 64, means: "a wrong command, argument, option or setting: nothing was done" },
  { name: "interrupted", code: 130, means: "ended by Ctrl-C before it was done" },
] as const;

type Name = (typeof EXIT_CODES)[number]["name"];

export const EXIT = Object.freeze(Object.fromEntries(EXIT_CODES.map(({ name, code }) => [name, code]))) as Readonly<
  Record<Name, number>
>;
