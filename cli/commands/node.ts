import { Command } from "commander";
import { rememberGateway } from "#stack/gateway.ts";
import { eventixHome } from "#stack/home.ts";
import { NODE_STOP_MS, NodeProcess } from "#stack/node-process.ts";
import { freePort } from "#stack/ports.ts";
import { sayOnStderr as say } from "#stack/progress.ts";
import { stackEnvironment } from "#stack/stack.ts";
import { StackError } from "#stack/stack-error.ts";
import { gatewayPort, hasGateway, nodeEnvironment, nodeSettings, urlOf } from "../start/settings.ts";
import { aborted, stopWish } from "../start/stop-wish.ts";

export const nodeCommand = (): Command =>
  new Command("node")
    .description("Run one more node on the stack that is up; SERVICES, NODE_ID and PORT say which.")
    .action(runNode);

async function runNode(): Promise<void> {
  const config = await nodeSettings(process.env);
  const home = eventixHome();
  const env = stackEnvironment(home);
  // The default port is that of `start`: one more gateway takes any other, unless told.
  const choosePort = () => (process.env.PORT ? gatewayPort(config) : freePort());
  const port = hasGateway(config) ? await choosePort() : undefined;
  const wish = stopWish(say).signal;
  const node = new NodeProcess({ env: nodeEnvironment(env, port), output: "inherit", ownSession: true });
  const how = await Promise.race([ready(node, home, port && urlOf(config.host, port)), aborted(wish)]);
  if (how === "exit code 0") say("The node ended with exit code 0.");
  else if (how !== undefined) throw new StackError(`The node ended by itself with ${how}; its log above says why.`);
  await node.stop(NODE_STOP_MS);
  process.exit(0);
}

async function ready(node: NodeProcess, home: string, url: string | 0 | undefined): Promise<string> {
  await node.ready();
  if (url) {
    rememberGateway(home, node.ref, url);
    process.stdout.write(`The node is ready: ${url}\n`);
  } else process.stdout.write("The node is ready.\n");
  return node.ended;
}
