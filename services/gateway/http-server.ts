import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { invalid } from "./http-errors.ts";
import { type Answering, Malformed } from "./malformed.ts";

const HEADERS_TIMEOUT_MS = 10_000;
/** For bodies that nobody reads, since their request is refused; those that are read have shorter limits (body.ts). */
const REQUEST_TIMEOUT_MS = 70_000;
/** Longer than load balancers keep theirs, so that it is they who close. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const HEADERS_MAX = 64;

/**
 * The server that hands every request to the gateway, also those that Node would answer by itself, without a body and without
 * anybody knowing. Bounds what one client can keep busy by being slow.
 */
export function makeServer(gateway: Answering): Server {
  const malformed = new Malformed(gateway);
  const receive = (req: IncomingMessage, res: ServerResponse) => {
    malformed.watch(req, res);
    if (lacksHost(req)) gateway.refuse(req, res, invalid("Host", "is missing"));
    else gateway.httpHandler(req, res);
  };
  const server = createServer({ requireHostHeader: false }, receive);
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.maxHeadersCount = HEADERS_MAX;
  server.on("checkExpectation", (req, res) => {
    malformed.watch(req, res);
    gateway.refuse(req, res, invalid("Expect", "may only be 100-continue"));
  });
  server.on("connect", (req, socket) => malformed.refuseTunnel(req, socket));
  server.on("clientError", (error, socket) => malformed.refuse(error, socket));
  return server;
}

/** Older versions know no Host; in 1.1 two proxies that guess it may guess differently. */
const lacksHost = ({ httpVersion, headers }: IncomingMessage): boolean =>
  httpVersion === "1.1" && headers.host === undefined;
