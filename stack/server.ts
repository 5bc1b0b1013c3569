import type { ProcessRef } from "./process.ts";
import type { Say } from "./progress.ts";
import type { ServerName, ServerState, StackState } from "./state.ts";

export interface Launch {
  home: string;
  state: StackState;
  ports: Record<string, number>;
  say: Say;
  /** Aborted when nobody wants the stack any more. */
  signal: AbortSignal | undefined;
}

/** Where a server is found in docker-compose.yml. */
export interface ComposeService {
  service: string;
  /** Its port inside the container. */
  port: number;
  /** Names the port on this machine. */
  variable: string;
}

/** One kind of server that the stack brings up. */
export interface StackServer {
  name: ServerName;
  /** In words for the terminal. */
  title: string;
  /** Environment variables that name a server already there; with them set nothing is started. */
  given: readonly string[];
  /** Whether nodes with this environment need it; absent for what all need. */
  isWanted?: (env: NodeJS.ProcessEnv) => boolean;
  ports: readonly string[];
  stopSignal: NodeJS.Signals;
  /** Absent for what never runs in Docker. Of its ports the one of the server's own name is then there. */
  compose?: ComposeService;
  /** Prepares what is missing (binaries, data folder) and starts the process. */
  launch(launch: Launch): Promise<ProcessRef>;
  /** Resolves when the server answers; rejects with its reason when it does not right now. */
  check(server: ServerState, launch: Launch): Promise<void>;
  /** Makes what nodes expect to find in it; run at every start, so it only adds what is missing. */
  prepare?(server: ServerState, launch: Launch): Promise<void>;
  /** What the environment of a node needs to find it. */
  environment(server: ServerState, launch: Launch): Record<string, string>;
}
