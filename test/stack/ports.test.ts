import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { after, test } from "node:test";
import { choosePorts } from "#stack/ports.ts";

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

async function taken(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

test("a port used before is taken again when the process that had it lets go of it a moment later", async () => {
  const { server, port } = await taken();
  const chosen = choosePorts(["issuer"], { issuer: port });
  await Promise.race([chosen, new Promise((waited) => setTimeout(waited, 50))]);
  server.close();
  assert.equal((await chosen).issuer, port);
});

test("a port that somebody else keeps is left to them", async () => {
  const { port } = await taken();
  const { issuer } = await choosePorts(["issuer"], { issuer: port });
  assert.notEqual(issuer, port);
});
