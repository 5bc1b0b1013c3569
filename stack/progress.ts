/** Tells the person at the terminal what takes long; goes to stderr, so that what a command prints stays clean. */
export type Say = (line: string) => void;

export const sayOnStderr: Say = (line) => {
  process.stderr.write(`${line}\n`);
};

export const silent: Say = () => {};
