import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { ISocketFactory } from "kafkajs";

/** `up` is what clients send, `down` what the server answers. */
export type Way = "up" | "down";
type Ways = Way | "both";

interface Target {
  host: string;
  port: number;
}

export interface Piece {
  way: Way;
  data: Buffer;
  /** 1 for the first connection that was made, and so on. */
  connection: number;
}

/**
 * A way to a real server that a test can cut, stall, slow down or make lossy. What is set holds for the connections that stand
 * and for those that come, until it is set back.
 */
export class TcpProxy {
  port = 0;
  /** For a Kafka client, whatever addresses its brokers give. */
  readonly socketFactory: ISocketFactory = ({ onConnect }) =>
    connect({ host: "127.0.0.1", port: this.port }, onConnect);
  /** Asked for each piece before it goes on: how many bytes of it still do, before its connection breaks; undefined for all. */
  cutAt: (piece: Piece) => number | undefined = () => undefined;
  /** Bytes that have come in so far, and those of them that were lost. */
  readonly bytes = { up: 0, down: 0, lost: 0 };
  readonly #target: Target;
  readonly #conditions: Record<Way, Conditions> = {
    up: { stalled: false, lossy: false, delayMs: 0 },
    down: { stalled: false, lossy: false, delayMs: 0 },
  };
  readonly #connections = new Set<Connection>();
  #server: Server | undefined;
  #made = 0;

  private constructor(target: Target) {
    this.#target = target;
  }

  /** `target`: its address, also as `host:port`. */
  static async to(target: Target | string): Promise<TcpProxy> {
    const [host = "", port] = typeof target === "string" ? target.split(":") : [target.host, target.port];
    const proxy = new TcpProxy({ host, port: Number(port) });
    await proxy.#listen();
    return proxy;
  }

  /** Connections that stand. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Breaks all connections, and says how many; new ones may be made. */
  cut(): number {
    const broken = this.#connections.size;
    for (const connection of this.#connections) connection.destroy();
    return broken;
  }

  /** Whether new connections are refused; those that stand are left alone. */
  async refuse(on: boolean): Promise<void> {
    if (!on) return this.#listen();
    this.#server?.close();
    this.#server = undefined;
  }

  /** Nothing goes on, not even a close; all comes through when that is over, as from a process that was stopped for a while. */
  stall(ways: Ways, on: boolean): void {
    this.#set(ways, { stalled: on });
  }

  /** Every byte arrives so much later. */
  delay(delayMs: number, ways: Ways = "both"): void {
    this.#set(ways, { delayMs });
  }

  /** Bytes are taken and lost, closes come through. A connection that lost some carries none that way until its end. */
  drop(ways: Ways, on: boolean): void {
    this.#set(ways, { lossy: on });
  }

  dropReplies(on: boolean): void {
    this.drop("down", on);
  }

  async close(): Promise<void> {
    await this.refuse(true);
    this.cut();
  }

  #set(ways: Ways, change: Partial<Conditions>): void {
    if (ways !== "down") Object.assign(this.#conditions.up, change);
    if (ways !== "up") Object.assign(this.#conditions.down, change);
    for (const connection of this.#connections) connection.flush();
  }

  async #listen(): Promise<void> {
    if (this.#server) return;
    const server = createServer({ allowHalfOpen: true }, (near) => {
      const number = ++this.#made;
      const connection: Connection = new Connection(near, connect({ ...this.#target, allowHalfOpen: true }), {
        conditions: this.#conditions,
        bytes: this.bytes,
        cutAt: (way, data) => this.cutAt({ way, data, connection: number }),
        ended: () => this.#connections.delete(connection),
      });
      this.#connections.add(connection);
    });
    this.#server = server;
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
    this.port = (server.address() as AddressInfo).port;
  }
}

interface Conditions {
  stalled: boolean;
  lossy: boolean;
  delayMs: number;
}

interface ConnectionPorts {
  conditions: Record<Way, Readonly<Conditions>>;
  bytes: TcpProxy["bytes"];
  cutAt(way: Way, data: Buffer): number | undefined;
  ended(): void;
}

/** A client's socket and the one to the server that it leads to. */
class Connection {
  readonly #sockets: readonly [near: Socket, far: Socket];
  readonly #links: readonly Link[];

  constructor(near: Socket, far: Socket, { conditions, bytes, cutAt, ended }: ConnectionPorts) {
    this.#sockets = [near, far];
    const sever = (from: Socket, to: Socket, last: Buffer) => {
      from.destroy();
      for (const link of this.#links) link.stop();
      // Not destroyed: a server that cannot write its answers any more would not read to the end what it was sent.
      to.end(last);
    };
    const link = (way: Way, from: Socket, to: Socket) =>
      new Link(from, to, {
        conditions: conditions[way],
        count(length, isLost) {
          bytes[way] += length;
          if (isLost) bytes.lost += length;
        },
        handOn(data) {
          const last = cutAt(way, data);
          if (last === undefined) to.write(data);
          else sever(from, to, data.subarray(0, last));
        },
      });
    this.#links = [link("up", near, far), link("down", far, near)];
    for (const socket of this.#sockets) {
      socket.setNoDelay(true);
      socket.on("close", () => {
        if (near.destroyed && far.destroyed) ended();
      });
    }
  }

  flush(): void {
    for (const link of this.#links) link.flush();
  }

  destroy(): void {
    for (const link of this.#links) link.stop();
    for (const socket of this.#sockets) socket.destroy();
  }
}

const QUEUE_BYTES = 1_000_000;

interface LinkPorts {
  conditions: Readonly<Conditions>;
  count(length: number, isLost: boolean): void;
  handOn(data: Buffer): void;
}

/** One way of a connection: takes what arrives and hands it on when it may. */
class Link {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #conditions: Readonly<Conditions>;
  readonly #ports: LinkPorts;
  #queue: { piece: Buffer | "end" | "reset"; dueAt: number }[] = [];
  #queuedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #hasLost = false;
  #stopped = false;

  constructor(from: Socket, to: Socket, ports: LinkPorts) {
    this.#from = from;
    this.#to = to;
    this.#conditions = ports.conditions;
    this.#ports = ports;
    from.on("data", (data) => this.#arrive(data));
    from.on("end", () => this.#arrive("end"));
    from.on("error", () => {});
    from.on("close", (hadError) => hadError && this.#arrive("reset"));
    to.on("drain", () => this.flush());
  }

  stop(): void {
    this.#stopped = true;
    this.#queue = [];
    clearTimeout(this.#timer);
  }

  flush(): void {
    clearTimeout(this.#timer);
    for (let next = this.#queue[0]; next && !this.#conditions.stalled; next = this.#queue[0]) {
      if (this.#to.writableNeedDrain) return;
      const waitMs = next.dueAt - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.flush(), waitMs);
        return;
      }
      this.#queue.shift();
      this.#pass(next.piece);
    }
    if (this.#queue.length === 0) this.#from.resume();
  }

  #arrive(piece: Buffer | "end" | "reset"): void {
    if (this.#stopped) return;
    if (typeof piece !== "string") {
      this.#hasLost ||= this.#conditions.lossy;
      this.#ports.count(piece.length, this.#hasLost);
      if (this.#hasLost) return;
      this.#queuedBytes += piece.length;
      // As with a peer that does not read, the sender is held up in the end.
      if (this.#queuedBytes > QUEUE_BYTES) this.#from.pause();
    }
    this.#queue.push({ piece, dueAt: performance.now() + this.#conditions.delayMs });
    this.flush();
  }

  #pass(piece: Buffer | "end" | "reset"): void {
    if (piece === "reset") this.#to.resetAndDestroy();
    else if (piece === "end") this.#to.end();
    else {
      this.#queuedBytes -= piece.length;
      this.#ports.handOn(piece);
    }
  }
}
