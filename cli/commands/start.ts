import { Command } from "commander";
import type { Config } from "#config";
import { rememberGateway } from "#stack/gateway.ts";
import { eventixHome, makeHome } from "#stack/home.ts";
import { signToken } from "#stack/issuer/token.ts";
import { NodeProcess } from "#stack/node-process.ts";
import { thisProcess } from "#stack/process.ts";
import { sayOnStderr as say } from "#stack/progress.ts";
import { type Stack, stackDown, stackUp } from "#stack/stack.ts";
import { forgetNode, writeNode } from "#stack/state.ts";
import { migrate } from "../../migrations/migrate.ts";
import { ApiClient, operatorToken } from "../api.client.ts";
import { seed } from "../seed/seed.ts";
import { claimStart } from "../start/claim.ts";
import { keepRunning } from "../start/keep-running.ts";
import { gatewayPort, hasGateway, nodeEnvironment, nodeSettings, urlOf } from "../start/settings.ts";
import { aborted, stopWish } from "../start/stop-wish.ts";
import { welcome } from "../start/welcome.ts";

/** Ctrl-C has ten seconds in all: these for the services, the rest for the servers. */
const NODE_STOP_MS = 6_000;
const ALL_SERVICES = ["gateway", "catalog", "booking", "payment"];

export const startCommand = (): Command =>
  new Command("start")
    .description("Run everything: servers, migrations, sample data and one node, until Ctrl-C.")
    .action(start);

/** What has been started so far, and is to be ended in the opposite order. */
interface Running {
  home: string;
  stack?: Promise<Stack>;
  node?: NodeProcess;
}

async function start(): Promise<void> {
  const config = await nodeSettings(process.env);
  const running: Running = { home: eventixHome() };
  makeHome(running.home);
  await claimStart(running.home, say);
  const wish = stopWish(say);
  let failure: unknown;
  try {
    await Promise.race([run(running, config, wish), aborted(wish)]);
  } catch (error) {
    if (!wish.aborted) failure = error;
  }
  await end(running);
  if (failure) throw failure;
  process.exit(0);
}

/** Starts everything in order, then keeps a node running. Rejects when something does not start the first time. */
async function run(running: Running, config: Config, wish: AbortSignal): Promise<void> {
  const { home } = running;
  const port = hasGateway(config) ? await gatewayPort(config) : undefined;
  wish.throwIfAborted();
  running.stack = stackUp({ home, say, owner: thisProcess(), signal: wish });
  const { env } = await running.stack;
  await migrate(env, say);
  wish.throwIfAborted();
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
  await keepRunning(node, start, wish);
}

/** Fills the shop on the first start, and shows the way in. */
async function open(home: string, config: Config, url: string): Promise<void> {
  const local = !process.env.AUTH_JWKS_URI;
  const complete = ALL_SERVICES.every((service) => config.services.includes(service));
  if (complete && local) {
    say("Putting the sample events on sale …");
    await seed(new ApiClient({ url, token: operatorToken(home) }), say);
  }
  const token = local ? signToken(home, "alice") : undefined;
  process.stdout.write(complete ? await welcome(url, token) : `Eventix is ready: ${url}\n`);
}

async function end({ home, stack, node }: Running): Promise<void> {
  await node?.stop(NODE_STOP_MS);
  forgetNode(home);
  // Also when it failed: a stack that a killed start had left became ours, and would run on.
  await stack?.catch(() => {});
  if (stack) await stackDown({ home, owner: thisProcess() });
}
