import { Command } from "commander";
import type { Config } from "#config";
import { rememberGateway } from "#stack/gateway.ts";
import { eventixHome, makeHome } from "#stack/home.ts";
import { NodeProcess } from "#stack/node-process.ts";
import { thisProcess } from "#stack/process.ts";
import { sayOnStderr as say } from "#stack/progress.ts";
import { forgetNode, writeNode } from "#stack/state.ts";
import { claimStart } from "../start/claim.ts";
import { keepRunning } from "../start/keep-running.ts";
import { openShop } from "../start/open-shop.ts";
import { Servers } from "../start/servers.ts";
import { gatewayPort, hasGateway, nodeEnvironment, nodeSettings, urlOf } from "../start/settings.ts";
import { untilStopped } from "../start/stop-wish.ts";

/** Ctrl-C has ten seconds in all: these for the services, the rest for the servers. */
const SERVICES_STOP_MS = 6_000;
const ALL_SERVICES = ["gateway", "catalog", "booking", "payment"];

export const startCommand = (): Command =>
  new Command("start")
    .description("Run everything: servers, migrations, sample data and one node, until Ctrl-C.")
    .action(start);

/** What has been started so far, and is to be ended in the opposite order. */
interface Running {
  home: string;
  servers: Servers;
  node?: NodeProcess;
}

async function start(): Promise<void> {
  const config = await nodeSettings(process.env);
  const home = eventixHome();
  makeHome(home);
  await claimStart(home, say);
  const running: Running = { home, servers: new Servers(home, say) };
  await untilStopped(
    say,
    (wish) => run(running, config, wish),
    () => end(running),
  );
}

/** Starts everything in order, then keeps a node running. Rejects when something does not start the first time. */
async function run(running: Running, config: Config, wish: AbortSignal): Promise<void> {
  const { home, servers } = running;
  const port = hasGateway(config) ? await gatewayPort(config) : undefined;
  const env = await servers.up(wish);
  say("Starting the node …");
  const url = port === undefined ? undefined : urlOf(config.host, port);
  const start = () => {
    const node = new NodeProcess({ env: nodeEnvironment(env, port), output: "inherit", ownSession: true });
    running.node = node;
    writeNode(home, { starter: thisProcess(), node: node.ref });
    if (url !== undefined) rememberGateway(home, node.ref, url);
    return node;
  };
  const node = start();
  await node.ready();
  if (url === undefined) say(`The node is ready; it runs ${config.services.join(", ")}.`);
  else await Promise.race([open(home, config, url), node.ended]);
  await keepRunning({
    ...{ first: node, start, wish },
    ended: (how, pauseMs = 0) =>
      say(
        `The node ended by itself with ${how}; its log above says why. It is started again in ${pauseMs / 1_000} s …`,
      ),
    ready: () => say("The node is ready again."),
  });
}

async function open(home: string, { services }: Config, url: string): Promise<void> {
  const complete = ALL_SERVICES.every((service) => services.includes(service));
  process.stdout.write(await openShop({ home, url, complete, say }));
}

async function end({ home, servers, node }: Running): Promise<void> {
  await node?.stop(SERVICES_STOP_MS);
  forgetNode(home);
  await servers.down();
}
