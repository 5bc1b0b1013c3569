import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";

/**
 * A turn of the event loop takes one connection from each socket that listens, and a busy turn lasts some milliseconds: with one
 * socket a thousand buyers who come at once wait five seconds to be let in, with eight 0.8 s. Elsewhere a port takes only one.
 */
const SOCKETS = process.platform === "linux" ? 64 : 1;

interface Address {
  host: string;
  /** 0 takes a free one. */
  port: number;
}

/** The sockets on which an HTTP server takes connections. */
export class Listeners {
  readonly #server: HttpServer;
  readonly #others: Server[];

  constructor(server: HttpServer) {
    this.#server = server;
    this.#others = Array.from({ length: SOCKETS - 1 }, () =>
      createServer({ noDelay: true }, (socket) => server.emit("connection", socket)),
    );
  }

  get isOpen(): boolean {
    return this.#server.listening;
  }

  /** Rejects with EADDRINUSE or whatever else the system says. */
  async open({ host, port }: Address): Promise<void> {
    const free = await claim({ host, port });
    const address = { host, port: free, reusePort: SOCKETS > 1 };
    await Promise.all([this.#server, ...this.#others].map((server) => listening(server, address)));
  }

  /** Takes no more connections; resolves when those that were taken have ended. */
  async close(): Promise<void> {
    await Promise.all([this.#server, ...this.#others].map((server) => new Promise((done) => server.close(done))));
  }

  closeAllConnections(): void {
    this.#server.closeAllConnections();
  }
}

/** Sockets that share a port would share it with another node's too: whether it is free is seen by one that does not share. */
async function claim(address: Address): Promise<number> {
  const server = createServer();
  await listening(server, { ...address, exclusive: true });
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

async function listening(server: Server, address: Address & { reusePort?: boolean; exclusive?: boolean }) {
  server.listen(address);
  await once(server, "listening");
}
