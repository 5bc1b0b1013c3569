import net from "node:net";
import tls from "node:tls";
import { type ISocketFactory, type logCreator, logLevel } from "kafkajs";
import "./idle-connection.ts";

/** The part of Moleculer's or pino's logger that is used. */
export interface KafkaLogger {
  debug(...args: unknown[]): void;
  warn(text: string, ...details: unknown[]): void;
}

/** What kafkajs calls an error and is everyday life: joining, leaving, two nodes creating one topic, a topic just removed. */
const BENIGN =
  /already exists|rebalanc|not aware of this member|does not host this topic|coordinator is loading|no leader/i;

/** Sends kafkajs's log lines to `logger`: what it retries by itself as debug, errors as warnings, since whoever called decides. */
export function kafkaLogCreator(logger: KafkaLogger): logCreator {
  return () =>
    ({ namespace, level, log: { message, timestamp: _timestamp, logger: _name, error, ...details } }) => {
      const text = `kafkajs ${namespace}: ${message}${error ? `: ${error}` : ""}`;
      const isTrouble = level === logLevel.ERROR && !BENIGN.test(text);
      const { stack: _stack, ...rest } = details;
      if (isTrouble) logger.warn(text, rest);
      else logger.debug(text, rest);
    };
}

const KEEP_ALIVE_MS = 60_000;

/** kafkajs leaves Nagle's algorithm on: a small request then waits for the acknowledgement of the one before it. */
export const noDelaySocketFactory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const servername = net.isIP(host) ? {} : { servername: host };
  const socket = ssl
    ? tls.connect({ host, port, ...servername, ...ssl }, onConnect)
    : net.connect({ host, port }, onConnect);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.setNoDelay(true);
  return socket;
};
