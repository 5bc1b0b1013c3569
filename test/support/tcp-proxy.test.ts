import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { after, test } from "node:test";
import { TcpProxy } from "./tcp-proxy.ts";
import { until } from "./until.ts";

/** A server that answers each byte with itself, and a proxy before it. */
const heard: string[] = [];
const server = createServer((socket) => {
  socket.on("data", (data) => {
    heard.push(String(data));
    socket.write(data);
  });
  socket.on("error", () => {});
}).listen(0, "127.0.0.1");
await once(server, "listening");
const proxy = await TcpProxy.to({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
after(async () => {
  await proxy.close();
  server.close();
});

interface Client {
  socket: Socket;
  got(): string;
  isClosed(): boolean;
}

async function client(): Promise<Client> {
  const socket = connect(proxy.port, "127.0.0.1");
  let [got, isClosed] = ["", false];
  socket.on("data", (data) => {
    got += data;
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    isClosed = true;
  });
  await once(socket, "connect");
  return { socket, got: () => got, isClosed: () => isClosed };
}

const says = ({ socket, got }: Client, text: string) => {
  const before = got();
  socket.write(text);
  return until(() => got() === before + text, { what: `the answer ${text}` });
};

test("what is stalled comes through when it is over, a close too", async () => {
  const [one, two] = [await client(), await client()];
  await says(one, "a");
  proxy.stall("down", true);
  heard.length = 0;
  one.socket.write("b");
  two.socket.end();
  await until(() => heard.includes("b"), { what: "the server to hear it" });
  assert.deepEqual([one.got(), two.isClosed()], ["a", false]);
  proxy.stall("down", false);
  await until(() => one.got() === "ab" && two.isClosed(), { what: "what was held back" });
});

test("a reply that is dropped is lost for ever, and so is all that follows it on its connection", async () => {
  const one = await client();
  proxy.dropReplies(true);
  heard.length = 0;
  one.socket.write("lost");
  await until(() => heard.includes("lost"), { what: "the server to hear it" });
  const quiet = await client();
  proxy.dropReplies(false);
  one.socket.write("mute");
  await says(quiet, "x");
  await until(() => heard.includes("mute"), { what: "the server to hear it" });
  await says(quiet, "y");
  assert.equal(one.got(), "");
  one.socket.end();
  await until(one.isClosed, { what: "the close" });
});

test("every byte is late by what was asked, each way", async () => {
  const one = await client();
  proxy.delay(150);
  const since = performance.now();
  await says(one, "a");
  assert(performance.now() - since >= 299, `${performance.now() - since} ms`);
  proxy.delay(0);
});

test("a connection is cut at the byte that was named: what comes before it arrives, and nothing after", async () => {
  for (const way of ["up", "down"] as const) {
    const one = await client();
    await says(one, "whole");
    heard.length = 0;
    proxy.cutAt = (piece) => (piece.way === way && piece.data.includes("half") ? 2 : undefined);
    one.socket.write("half");
    await until(one.isClosed, { what: "the cut" });
    const passed = () => (way === "up" ? heard.join("") : one.got());
    await until(() => passed().endsWith("ha"), { what: "the bytes before it" });
    assert.equal(one.got(), way === "up" ? "whole" : "wholeha");
  }
  proxy.cutAt = () => undefined;
});

test("cut breaks the connections that stand, refuse keeps new ones off until it is taken back", async () => {
  const one = await client();
  await proxy.refuse(true);
  await says(one, "still there");
  proxy.cut();
  await until(one.isClosed, { what: "the cut" });
  const refused = connect(proxy.port, "127.0.0.1");
  const [error] = await once(refused, "error");
  assert.equal(error.code, "ECONNREFUSED");
  await proxy.refuse(false);
  await says(await client(), "again");
});
