import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { EventixError } from "#contracts/errors.ts";
import { invalid } from "./http-errors.ts";

/** The part of the gateway that answers. */
export interface Answering {
  httpHandler(req: IncomingMessage, res: ServerResponse): unknown;
  /** Answers what no route gets to see, logs it, and ends the connection. */
  refuse(req: IncomingMessage, res: ServerResponse, error: EventixError): void;
  sendError(req: IncomingMessage, res: ServerResponse, error: unknown): void;
}

/**
 * Answers what Node could not read as a request, in the form of every other error, and ends the connection. On a connection
 * answers have the order of requests: what came before is answered first, and what is in the middle of its answer is cut.
 */
export class Malformed {
  readonly #gateway: Answering;
  /** By connection. */
  readonly #latest = new WeakMap<Duplex, ServerResponse>();

  constructor(gateway: Answering) {
    this.#gateway = gateway;
  }

  /** Told of every request that was read. */
  watch(req: IncomingMessage, res: ServerResponse): void {
    this.#latest.set(req.socket, res);
  }

  refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
    // A connection on which nothing was said, as browsers open ahead of time, made no request.
    if (!socket.writable || error.code === "ECONNRESET" || (socket as Socket).bytesRead === 0) {
      socket.destroy();
      return;
    }
    const latest = this.#latest.get(socket);
    if (latest && !latest.req.complete) this.#endUnread(latest, socket, error);
    else if (latest && !latest.closed) latest.once("close", () => this.refuse(error, socket));
    else this.#refuseOn(socket as Socket, new IncomingMessage(socket as Socket), refusalOf(error));
  }

  /** CONNECT, which asks a proxy for a tunnel. Node takes its hands off the connection, also off its errors. */
  refuseTunnel(req: IncomingMessage, socket: Duplex): void {
    if (socket.listenerCount("error") === 0) socket.on("error", () => socket.destroy());
    const latest = this.#latest.get(socket);
    if (latest && !latest.closed) latest.once("close", () => this.refuseTunnel(req, socket));
    else if (socket.writable) this.#refuseOn(socket as Socket, req, new EventixError("METHOD_NOT_ALLOWED"));
  }

  /** What cannot be read is the rest of a request that the gateway has. */
  #endUnread(res: ServerResponse, socket: Duplex, error: NodeJS.ErrnoException): void {
    if (res.writableEnded) socket.end();
    else if (res.headersSent) socket.destroy();
    else {
      res.setHeader("connection", "close");
      this.#gateway.sendError(res.req, res, refusalOf(error));
    }
  }

  #refuseOn(socket: Socket, req: IncomingMessage, error: EventixError): void {
    const res = new ServerResponse(req);
    this.#latest.set(socket, res);
    res.assignSocket(socket);
    res.once("finish", () => socket.destroySoon());
    this.#gateway.refuse(req, res, error);
  }
}

const refusalOf = ({ code }: NodeJS.ErrnoException): EventixError =>
  code === "ERR_HTTP_REQUEST_TIMEOUT"
    ? new EventixError("REQUEST_TOO_SLOW")
    : invalid("request", `is not HTTP that can be read: ${code}`);
