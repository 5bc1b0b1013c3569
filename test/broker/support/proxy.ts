import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { ISocketFactory } from "kafkajs";

/** A way to a server that a test can cut or clog: by its port, or for a Kafka client that is given its `socketFactory`. */
export async function openProxy(broker: string) {
  const [host, port] = broker.split(":");
  const sockets = new Set<Socket>();
  let state: "open" | "cut" | "clogged" | "still" = "open";
  const server = createServer((near) => {
    const far = connect(Number(port), host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      if (state === "still") from.pause();
      from.on("data", (data) => state !== "clogged" && to.write(data));
      from.on("error", () => {});
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const at = (server.address() as AddressInfo).port;
  const cut = async () => {
    state = "cut";
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  };
  const socketFactory: ISocketFactory = ({ onConnect }) => connect({ host: "127.0.0.1", port: at }, onConnect);
  return {
    port: at,
    socketFactory,
    /** Connections break, and new ones are refused. */
    cut,
    /** Connections stand, and nothing comes through. */
    clog() {
      state = "clogged";
    },
    /** Everything waits, and comes through when it is mended, as from a server that was stopped for a while. */
    standStill() {
      state = "still";
      for (const socket of sockets) socket.pause();
    },
    async mend() {
      state = "open";
      for (const socket of sockets) socket.resume();
      if (server.listening) return;
      server.listen(at, "127.0.0.1");
      await once(server, "listening");
    },
    async close() {
      if (server.listening) await cut();
    },
  };
}
