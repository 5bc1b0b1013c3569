import { closeSync, openSync } from "node:fs";
import { rememberGateway } from "#stack/gateway.ts";
import { logFile } from "#stack/home.ts";
import { NodeProcess } from "#stack/node-process.ts";
import { StackError } from "#stack/stack-error.ts";
import { keepRunning } from "../start/keep-running.ts";
import type { Role } from "./roles.ts";
import type { Reading } from "./watch.ts";

/** Half a minute of ever longer pauses: what lasts longer is not mended by starting again. */
const RESTARTS_MAX = 5;
/** A busy node may miss one question. */
const MISSES_MAX = 3;

interface Place {
  home: string;
  role: Role;
  /** `booking-2`: begins the name of each node that runs here, and names their log. */
  name: string;
  env: NodeJS.ProcessEnv;
  /** Of a gateway. */
  url?: string | undefined;
  changed: () => void;
}

/** A place in the cluster and the node that runs there: when one ends by itself another takes its place. */
export class Member {
  readonly role: Role;
  nodeId = "";
  readonly #place: Place;
  /** Undefined until it runs for the first time. */
  #node: NodeProcess | undefined;
  /** What is known of the process. */
  #phase = "starting";
  #reading: Reading | undefined;
  #misses = 0;
  #wasReady = false;

  constructor(place: Place) {
    this.#place = place;
    this.role = place.role;
  }

  get pid(): number | undefined {
    return this.#node?.ref.pid;
  }

  /** What a person is told of it. */
  get state(): string {
    if (this.#phase !== "up") return this.#phase;
    if (this.#misses >= MISSES_MAX) return "silent";
    if (this.#reading?.ready) return "ready";
    return this.#wasReady ? "not ready" : "starting";
  }

  /** What it told last; undefined when it does not run, or does not say. */
  get reading(): Reading | undefined {
    return this.#phase === "up" && this.#misses < MISSES_MAX ? this.#reading : undefined;
  }

  /** Whether it can be asked. */
  get isUp(): boolean {
    return this.#phase === "up";
  }

  /** What a node told; undefined when it did not answer. */
  note(nodeId: string, reading: Reading | undefined): void {
    if (nodeId !== this.nodeId) return;
    this.#reading = reading ?? this.#reading;
    this.#misses = reading ? 0 : this.#misses + 1;
    this.#wasReady ||= reading?.ready === true;
  }

  /**
   * Keeps a node running here. Resolves after `wish` is aborted, or when its nodes have ended too often. Rejects when the first
   * ends before it is up.
   */
  async run(wish: AbortSignal): Promise<void> {
    const first = this.#start();
    await first.ready().catch(async () => {
      const { home, name } = this.#place;
      const how = await first.ended;
      throw new StackError(`${name} ended with ${how} before it was ready; ${logFile(home, `node-${name}`)} says why.`);
    });
    this.#is("up");
    await keepRunning({
      ...{ first, wish, restartsMax: RESTARTS_MAX },
      start: () => this.#start(),
      ready: () => this.#is("up"),
      ended: (how, pauseMs) =>
        this.#is(`ended with ${how}, ${pauseMs === undefined ? "given up" : `again in ${pauseMs / 1_000} s`}`),
    });
  }

  async stop(graceMs: number): Promise<void> {
    const node = this.#node;
    if (!node || node.child.exitCode !== null || node.child.signalCode !== null) return;
    this.#is("stopping");
    const how = await node.stop(graceMs);
    this.#is(how === "exit code 0" ? "stopped" : `stopped with ${how}`);
  }

  /** By a name that no node had before: what was asked of the one that ended fails when that is missed, and does not wait for this one. */
  #start(): NodeProcess {
    const { home, name, env, url } = this.#place;
    this.nodeId = `${name}-${Date.now().toString(36)}`;
    const output = openSync(logFile(home, `node-${name}`), "a", 0o600);
    const node = new NodeProcess({ env: { ...env, NODE_ID: this.nodeId }, output, ownSession: true });
    closeSync(output);
    this.#node = node;
    if (url !== undefined) rememberGateway(home, node.ref, url);
    [this.#misses, this.#wasReady] = [0, false];
    this.#is("starting");
    return node;
  }

  #is(phase: string): void {
    this.#phase = phase;
    this.#reading = undefined;
    this.#place.changed();
  }
}
