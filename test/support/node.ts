import { NodeProcess } from "#stack/node-process.ts";
import { freePort } from "#stack/ports.ts";
import { until } from "./until.ts";

interface Wish {
  /** Names of services; all four when absent. */
  services?: readonly string[];
  /** Settings beyond those of the stack. */
  env?: Record<string, string>;
  /** The gateway's; a free one when absent. */
  port?: number;
}

export interface TestNode {
  url: string;
  pid: number;
  nodeId: string;
  /** What it has logged so far. */
  log(): string;
  /** How it ended, whenever it does: `exit code 0`, `signal SIGKILL`. */
  ended: Promise<string>;
  /** Sends a signal and, where it ends the process, waits for its end. */
  kill(signal: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

const READY_MS = 30_000;
const STOP_MS = 10_000;
const KEPT_LOG = 200_000;
let count = 0;

/**
 * Starts a node as a process of its own and waits until it is ready. Its log is printed when the test file fails. Nodes of one
 * test file see each other and no others.
 */
export async function startNode({ services, env = {}, port }: Wish = {}): Promise<TestNode> {
  const gatewayPort = port ?? (await freePort());
  const nodeId = env.NODE_ID ?? `test-${process.pid}-${++count}`;
  const node = new NodeProcess({
    output: "pipe",
    env: {
      ...process.env,
      NAMESPACE: `test-${process.pid}`,
      NODE_ID: nodeId,
      PORT: String(gatewayPort),
      // A whole test file comes from one address.
      ADDRESS_RATE_LIMIT_PER_MINUTE: "1000000",
      ...(services && { SERVICES: services.join(",") }),
      ...env,
    },
  });
  const log = collect(node, nodeId);
  endWithUs(node);
  const late = AbortSignal.timeout(READY_MS);
  const tooLate = new Promise<never>((_, failed) => {
    late.addEventListener("abort", () => failed(new Error(`${nodeId} was not ready within ${READY_MS} ms`)));
  });
  await Promise.race([node.ready(), tooLate]);
  return {
    url: `http://127.0.0.1:${gatewayPort}`,
    pid: node.ref.pid,
    nodeId,
    log,
    ended: node.ended,
    async kill(signal) {
      node.child.kill(signal);
      if (!["SIGSTOP", "SIGCONT"].includes(signal)) await node.ended;
    },
    async stop() {
      if (node.child.exitCode === null && node.child.signalCode === null) await node.stop(STOP_MS);
    },
  };
}

/** Waits until the node's readiness check says that it may be asked. */
export const untilReachable = ({ url }: TestNode): Promise<boolean> =>
  until(async () => (await fetch(`${url}/health/ready`)).ok, { what: `${url} to be ready` });

function collect(node: NodeProcess, nodeId: string): () => string {
  let text = "";
  for (const stream of [node.child.stdout, node.child.stderr]) {
    stream?.on("data", (chunk) => {
      text = `${text}${chunk}`.slice(-KEPT_LOG);
    });
    (stream as unknown as { unref(): void } | null)?.unref();
  }
  process.on("exit", (code) => {
    if (code !== 0) process.stderr.write(`--- log of ${nodeId}\n${text}\n`);
  });
  return () => text;
}

/** A test that forgets to stop its node neither hangs nor leaves it behind. */
function endWithUs({ child }: NodeProcess): void {
  child.unref();
  child.channel?.unref();
  process.on("exit", () => child.kill("SIGKILL"));
}
