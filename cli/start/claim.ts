import { gatewayUrl } from "#stack/gateway.ts";
import { withLock } from "#stack/lock.ts";
import { isRunning, stopProcess, thisProcess } from "#stack/process.ts";
import { type Say, silent } from "#stack/progress.ts";
import { StackError } from "#stack/stack-error.ts";
import { readNode, writeNode } from "#stack/state.ts";

const ORPHAN_GRACE_MS = 10_000;

/**
 * Makes this process the one `start` of its home. The node of a `start` that was killed is ended first: it would keep the port.
 * Throws StackError when another `start` runs.
 */
export async function claimStart(home: string, say: Say): Promise<void> {
  await withLock(home, silent, async () => {
    const other = readNode(home);
    if (other && isRunning(other.starter)) {
      throw new StackError(
        `Eventix is already running${at(home)}, started by process ${other.starter.pid}: ` +
          `stop it with Ctrl-C there or kill ${other.starter.pid}, or add a node with npm run node`,
      );
    }
    if (other?.node && isRunning(other.node)) {
      say(`Ending node ${other.node.pid}, which a killed start left behind …`);
      await stopProcess(other.node, "SIGTERM", ORPHAN_GRACE_MS);
    }
    writeNode(home, { starter: thisProcess() });
  });
}

function at(home: string): string {
  try {
    return ` at ${gatewayUrl(home)}`;
  } catch {
    return "";
  }
}
