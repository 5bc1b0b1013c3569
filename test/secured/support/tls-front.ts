import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Certificates } from "./certificates.ts";

/** How a client of Postgres asks whether it may go on by TLS: its length, and a number that is no version. */
const SSL_REQUEST = Buffer.from("0000000804d2162f", "hex");

export interface TlsFront {
  port: number;
  /** Connections that have come by TLS so far. */
  secured(): number;
  close(): Promise<void>;
}

/** Stands before a server that runs without TLS, and lets in only who comes by TLS. */
export async function openTlsFront(
  kind: "postgres" | "redis",
  to: number,
  certificates: Certificates,
): Promise<TlsFront> {
  const open = new Set<Socket>();
  let secured = 0;
  const accept = async (raw: Socket) => {
    open.add(raw);
    raw.on("error", () => raw.destroy());
    raw.on("close", () => open.delete(raw));
    if (kind === "postgres") {
      const [first] = await once(raw, "data");
      if (!SSL_REQUEST.equals(first)) return raw.destroy();
      raw.write("S");
    }
    const { cert, key } = certificates.server;
    const inside = new TLSSocket(raw, { isServer: true, cert, key });
    const server = connect(to, "127.0.0.1");
    for (const [from, other] of [
      [inside, server],
      [server, inside],
    ] as const) {
      from.on("error", () => other.destroy());
      from.on("close", () => other.destroy());
      from.pipe(other);
    }
    inside.on("secure", () => secured++);
    return undefined;
  };
  const front: Server = createServer((raw) => void accept(raw).catch(() => raw.destroy()));
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  return {
    port: (front.address() as AddressInfo).port,
    secured: () => secured,
    async close() {
      for (const socket of open) socket.destroy();
      front.close();
      await once(front, "close");
    },
  };
}
