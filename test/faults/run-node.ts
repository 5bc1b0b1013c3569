import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { rememberGateway } from "#stack/gateway.ts";
import { logFile } from "#stack/home.ts";
import { NodeProcess } from "#stack/node-process.ts";
import { freePort } from "#stack/ports.ts";
import { until } from "../support/until.ts";
import { isOfItsOwn, type Life } from "./node-end.ts";

const STOP_MS = 15_000;
/** How long a node that cannot start is started again, as whatever looks after nodes does, and after what pause. */
const START_MS = 60_000;
const START_PAUSE_MS = 500;

/** A node that is killed, stopped and started again, each time as a new member of the cluster at its old address. */
export class RunNode {
  readonly name: string;
  readonly #home: string;
  readonly #base: Record<string, string>;
  #extra: Record<string, string> = {};
  #services: readonly string[] = [];
  #without: readonly string[] = [];
  #port = 0;
  #process: NodeProcess | undefined;
  #life: Life = { told: "nothing", isReady: false, logAt: 0 };
  #lives = 0;
  #ends: string[] = [];
  /** Starts and stops of one node wait for each other; a kill waits for nobody. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(name: string, home: string, base: Record<string, string>) {
    this.name = name;
    this.#home = home;
    this.#base = base;
  }

  /** Of its gateway, or of the probe of a node that has none. */
  get #address(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get url(): string | undefined {
    return this.#services.includes("gateway") ? this.#address : undefined;
  }

  get isRunning(): boolean {
    const child = this.#process?.child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#process?.child.pid : undefined;
  }

  /** How it ended without having been killed or stopped, each time since this was last asked. */
  takeOwnEnds(): string[] {
    return this.#ends.splice(0);
  }

  /** Runs with these settings and services from now on, but without those that are unwanted; started again if that is something new. */
  use(env: Record<string, string>, services: readonly string[], unwanted: readonly string[] = []): Promise<void> {
    return this.#inTurn(async () => {
      const without = unwanted.filter((service) => services.includes(service));
      const now = [this.#extra, this.#services, this.#without];
      if (this.isRunning && JSON.stringify([env, services, without]) === JSON.stringify(now)) return;
      [this.#extra, this.#services, this.#without] = [env, services, without];
      await this.#stop();
      await this.#start();
    });
  }

  /** With all its services, as it is otherwise. */
  useAll(): Promise<void> {
    return this.use(this.#extra, this.#services);
  }

  /** Resolves when it is ready; of one that has nothing to do, at once. */
  start(): Promise<void> {
    return this.#inTurn(() => this.#start());
  }

  async #start(): Promise<void> {
    const services = this.#services.filter((service) => !this.#without.includes(service));
    if (this.isRunning || services.length === 0) return;
    this.#port ||= await freePort();
    for (const end = Date.now() + START_MS; ; await sleep(START_PAUSE_MS)) {
      const [process, life] = this.#launch(services);
      try {
        await process.ready();
        life.isReady = true;
        return;
      } catch (error) {
        // Whoever killed it starts it again.
        if (life.told !== "nothing") return;
        if (Date.now() > end || isOfItsOwn(life, await process.ended, this.#logSince(life))) throw error;
      }
    }
  }

  #launch(services: readonly string[]): [NodeProcess, Life] {
    const output = openSync(this.#log, "a");
    const life: Life = { told: "nothing", isReady: false, logAt: fstatSync(output).size };
    const node = new NodeProcess({
      output,
      env: {
        ...process.env,
        ...this.#base,
        ...this.#extra,
        SERVICES: services.join(","),
        NODE_ID: `${this.name}-${++this.#lives}`,
        [services.includes("gateway") ? "PORT" : "PROBE_PORT"]: String(this.#port),
      },
    });
    closeSync(output);
    node.child.unref();
    [this.#process, this.#life] = [node, life];
    // So that the payment provider knows where to tell results.
    if (services.includes("gateway")) rememberGateway(this.#home, node.ref, this.#address);
    const name = `node ${this.name}-${this.#lives}`;
    void node.ended.then((how) => {
      if (isOfItsOwn(life, how, this.#logSince(life))) this.#ends.push(`${name} ended by itself: ${how}`);
    });
    return [node, life];
  }

  get #log(): string {
    return logFile(this.#home, `node-${this.name}`);
  }

  #logSince({ logAt }: Life): string {
    return readFileSync(this.#log).subarray(logAt).toString();
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.isRunning) return;
    if (signal === "SIGKILL") this.#life.told = "die";
    this.#process?.child.kill(signal);
  }

  /** Resolves when it has ended. */
  async killed(): Promise<void> {
    this.kill("SIGKILL");
    await this.#process?.ended;
  }

  stop(): Promise<void> {
    return this.#inTurn(() => this.#stop());
  }

  async #stop(): Promise<void> {
    this.kill("SIGCONT");
    if (!this.isRunning) return;
    if (this.#life.told === "nothing") this.#life.told = "stop";
    await this.#process?.stop(STOP_MS);
  }

  /** Lets it go on, or starts it, and waits until it says that it may be asked, where it has anything to do. */
  async heal(ms: number): Promise<void> {
    this.kill("SIGCONT");
    const services = this.#services.join(",");
    await this.useAll();
    if (services === "") return;
    const isReady = async () => (await fetch(`${this.#address}/health/ready`)).ok;
    await until(isReady, { what: `node ${this.name} (${services}) to be ready`, ms });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}
