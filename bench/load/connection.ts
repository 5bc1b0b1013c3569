import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Answer {
  /** HTTP status; 0 when the connection ended, or 10 s passed, before an answer: what became of the request is unknown. */
  status: number;
  retryAfter: boolean;
}

/** Longer than a gateway may take: who is not answered by then never is. */
const PATIENCE_MS = 10_000;
const UNKNOWN: Answer = { status: 0, retryAfter: false };
const HEAD_END = Buffer.from("\r\n\r\n");

/**
 * One keep-alive connection with one request in flight. Requests are sent as the bytes they are: a client that builds and
 * parses more than a load needs would take the cores from what is measured.
 */
export class Connection {
  readonly #port: number;
  #socket: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  #resolve: ((answer: Answer) => void) | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  send(request: Buffer): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#resolve = resolve;
    this.#socket ??= this.#open();
    this.#socket.write(request);
    return promise;
  }

  /** Connects before there is something to send. */
  async open(): Promise<this> {
    this.#socket ??= this.#open();
    if (this.#socket.connecting) await once(this.#socket, "connect");
    return this;
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", () => {});
    socket.setTimeout(PATIENCE_MS, () => this.#resolve && socket.destroy());
    socket.on("close", () => {
      this.#socket = undefined;
      this.#received = Buffer.alloc(0);
      this.#answer(UNKNOWN);
    });
    return socket;
  }

  #read(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.#received.toString("latin1", 0, headEnd).toLowerCase();
    const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
    if (length === undefined || this.#received.length < headEnd + HEAD_END.length + Number(length)) return;
    this.#received = Buffer.alloc(0);
    this.#answer({ status: Number(head.slice(9, 12)), retryAfter: head.includes("\r\nretry-after: ") });
  }

  #answer(answer: Answer): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve?.(answer);
  }
}
