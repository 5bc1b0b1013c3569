/** What a node's process was told, and how far it came. */
export interface Life {
  told: "nothing" | "stop" | "die";
  isReady: boolean;
  /** Where in its log it begins, in bytes. */
  logAt: number;
}

/** See broker/process.ts: stopped, and not stopped in time. */
const STOPPED = ["exit code 0", "exit code 2"];
const COULD_NOT_START = "The node could not start";

/**
 * Whether a node ended because of itself: what is killed dies, what is stopped stops, and what finds no server when it starts
 * gives up and is started again. All else is a fault of the node, though another life of it goes on as if nothing had been.
 */
export function isOfItsOwn({ told, isReady }: Life, how: string, log: string): boolean {
  if (told === "die") return how !== "signal SIGKILL";
  if (told === "stop") return !STOPPED.includes(how);
  return isReady || how !== "exit code 1" || !log.includes(COULD_NOT_START);
}
