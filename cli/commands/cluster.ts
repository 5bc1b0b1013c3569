import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import type { Config } from "#config";
import { eventixHome, makeHome } from "#stack/home.ts";
import { NODE_STOP_MS } from "#stack/node-process.ts";
import { choosePorts } from "#stack/ports.ts";
import { StackError } from "#stack/stack-error.ts";
import { Board } from "../cluster/board.ts";
import { Member } from "../cluster/member.ts";
import { type Counts, checkCounts, LEAVING, NODES_MAX, placesOf } from "../cluster/roles.ts";
import { Watch } from "../cluster/watch.ts";
import { type Cluster, joinCluster } from "../inspect/cluster.ts";
import { operator } from "../inspect/operator.ts";
import { openShop } from "../start/open-shop.ts";
import { Servers } from "../start/servers.ts";
import { gatewayPort, nodeEnvironment, nodeSettings, urlOf } from "../start/settings.ts";
import { untilStopped } from "../start/stop-wish.ts";

const LOOK_MS = 1_000;

const HELP = `
Each node runs one service and writes its log to EVENTIX_HOME/logs/node-booking-1.log and so on. The first gateway listens on
PORT, or where that is not set and taken, on any other; the others on free ports. Servers that run are used and stay; others
are started, and end with the cluster.`;

export const clusterCommand = (): Command =>
  new Command("cluster")
    .description("Run servers, migrations, sample data and several nodes, and show how they are, until Ctrl-C.")
    .option("--gateway <n>", "nodes that serve REST", count, 1)
    .option("--booking <n>", "nodes that sell seats", count, 2)
    .option("--catalog <n>", "nodes that know venues and events", count, 1)
    .option("--payment <n>", "nodes that charge and refund", count, 1)
    .addHelpText("after", HELP)
    .action(runCluster);

function count(raw: string): number {
  if (/^[1-9]\d?$/.test(raw) && Number(raw) <= NODES_MAX) return Number(raw);
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${NODES_MAX}.`);
}

/** What has been started so far, and is to be ended in the opposite order. */
interface Running {
  home: string;
  board: Board;
  servers: Servers;
  members: Member[];
  cluster?: Cluster;
}

async function runCluster(counts: Counts): Promise<void> {
  checkCounts(counts);
  const config = await nodeSettings(process.env);
  const home = eventixHome();
  makeHome(home);
  const board = new Board();
  const running: Running = { home, board, servers: new Servers(home, board.say), members: [] };
  await untilStopped(
    board.say,
    (wish) => run(running, config, counts, wish),
    () => end(running),
  );
}

/** Rejects when something does not start the first time, or when no node is left. */
async function run(running: Running, config: Config, counts: Counts, wish: AbortSignal): Promise<void> {
  const { home, board, servers, members } = running;
  const ports = await portsOf(config, counts);
  const env = await servers.up(wish);
  const cluster = await joinCluster({ name: "cli", caller: operator("cli"), logLevel: "fatal" });
  running.cluster = cluster;
  wish.throwIfAborted();
  const changed = () => board.show(members);
  for (const { role, name } of placesOf(counts)) {
    const port = ports[name];
    const own = { ...nodeEnvironment(env, port), SERVICES: role, PROBE_PORT: "" };
    const url = port === undefined ? undefined : urlOf(config.host, port);
    members.push(new Member({ home, role, name, env: own, url, changed }));
  }
  const url = urlOf(config.host, ports["gateway-1"] as number);
  const { promise: ready, resolve: allReady } = Promise.withResolvers<void>();
  const open = async () => board.print(await openShop({ home, url, complete: true, say: board.say }));
  await Promise.race([
    Promise.all(members.map((member) => member.run(wish))),
    Promise.all([watched(cluster, running, wish, allReady), ready.then(open)]),
  ]);
  if (!wish.aborted) throw new StackError(`Every node has ended too often: their logs in ${home}/logs say why.`);
}

/** Of each gateway. Throws StackError when the one that was asked for is taken. */
async function portsOf(config: Config, counts: Counts): Promise<Record<string, number>> {
  const names = placesOf({ ...counts, booking: 0, catalog: 0, payment: 0 }).map(({ name }) => name);
  const first = process.env.PORT ? await gatewayPort(config) : config.port;
  return choosePorts(names, { "gateway-1": first });
}

/** Looks at the nodes again and again; calls `ready` when all are. */
async function watched(cluster: Cluster, { members, board }: Running, wish: AbortSignal, ready: () => void) {
  const watch = new Watch(cluster);
  for (; !wish.aborted; await sleep(LOOK_MS)) {
    const looks = members
      .filter(({ isUp }) => isUp)
      .map(async (member) => {
        const { nodeId } = member;
        member.note(nodeId, await watch.look(member));
      });
    await Promise.all(looks);
    board.show(members);
    if (members.every(({ state }) => state === "ready")) ready();
  }
}

async function end({ board, servers, members, cluster }: Running): Promise<void> {
  await cluster?.leave();
  for (const roles of LEAVING) {
    await Promise.all(members.filter(({ role }) => roles.includes(role)).map((member) => member.stop(NODE_STOP_MS)));
  }
  board.show(members);
  await servers.down();
}
