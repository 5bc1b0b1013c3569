import { type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { EventixError } from "#contracts/errors.ts";
import { CORRELATION_HEADER, correlationIdFrom } from "./correlation.ts";
import { httpErrorOf, invalid } from "./http-errors.ts";
import { JSON_TYPE } from "./success.ts";

const HEADERS_TIMEOUT_MS = 10_000;
/** For bodies that nobody reads, since their request is refused; those that are read have shorter limits (body.ts). */
const REQUEST_TIMEOUT_MS = 70_000;
/** Longer than load balancers keep theirs, so that it is they who close. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const HEADERS_MAX = 64;

/** Bounds what one client can keep busy by being slow. */
export function limitConnections(server: Server): void {
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.maxHeadersCount = HEADERS_MAX;
  server.on("clientError", refuseMalformed);
}

/** What Node could not read as a request is answered in the form of every other error, and the connection ends. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const correlationId = correlationIdFrom(undefined);
  const { status, body } = httpErrorOf(refusalOf(error), correlationId);
  const content = JSON.stringify(body);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `${CORRELATION_HEADER}: ${correlationId}`,
      `content-type: ${JSON_TYPE}`,
      `content-length: ${Buffer.byteLength(content)}`,
      "connection: close",
      "",
      content,
    ].join("\r\n"),
  );
}

const refusalOf = ({ code }: NodeJS.ErrnoException): EventixError =>
  code === "ERR_HTTP_REQUEST_TIMEOUT"
    ? new EventixError("REQUEST_TOO_SLOW")
    : invalid("request", `is not HTTP that can be read: ${code}`);
