import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { Listeners } from "../../services/gateway/listeners.ts";

const HOST = "127.0.0.1";

async function open() {
  const server = createServer((_, res) => res.end("well"));
  const listeners = new Listeners(server);
  await listeners.open({ host: HOST, port: 0 });
  return { server, listeners, port: (server.address() as AddressInfo).port };
}

test("a busy server takes many connections a turn", { skip: process.platform !== "linux" }, async () => {
  const { server, listeners, port } = await open();
  let turns = 0;
  let taken = 0;
  server.on("connection", () => taken++);
  const clients = Array.from({ length: 200 }, () => connect(port, HOST));
  await Promise.all(clients.map((client) => once(client, "connect")));
  while (taken < clients.length) {
    turns++;
    await new Promise(setImmediate);
  }
  assert(turns < clients.length / 4, `200 connections took ${turns} turns`);
  for (const client of clients) client.destroy();
  await listeners.close();
});

test("a port that another server shares in the same way is taken all the same", async () => {
  const { listeners, port } = await open();
  const second = new Listeners(createServer());
  await assert.rejects(second.open({ host: HOST, port }), { code: "EADDRINUSE" });
  await listeners.close();
});

test("closing waits for answers, on whichever socket their request came", async () => {
  const { server, listeners, port } = await open();
  const underWay: ServerResponse[] = [];
  server.removeAllListeners("request");
  const taken = new Promise<void>((allTaken) =>
    server.on("request", (_, res) => {
      if (underWay.push(res) === 40) allTaken();
    }),
  );
  const answers = Array.from({ length: 40 }, () =>
    fetch(`http://${HOST}:${port}/`, { headers: { connection: "close" } }),
  );
  await taken;
  let closed = false;
  const closing = listeners.close().then(() => {
    closed = true;
  });
  await assert.rejects(fetch(`http://${HOST}:${port}/`), "new connections are taken no more");
  assert(!closed);
  for (const res of underWay) res.end("late");
  for (const answer of await Promise.all(answers)) assert.equal(await answer.text(), "late");
  await closing;
});
