import { isRunning, type ProcessRef } from "./process.ts";
import { StackError } from "./stack-error.ts";
import { readGateways, writeGateways } from "./state.ts";

/** The URL of a gateway of this home that is running. Throws StackError when there is none. */
export function gatewayUrl(home: string): string {
  const running = readGateways(home).find(({ process }) => isRunning(process));
  if (!running) throw new StackError(`No gateway of ${home} is running: npm start, or name one with --url`);
  return running.url;
}

/** Remembers a gateway, so that commands find it without being told. */
export function rememberGateway(home: string, process: ProcessRef, url: string): void {
  const others = readGateways(home).filter((other) => isRunning(other.process));
  writeGateways(home, [...others, { process, url }]);
}
