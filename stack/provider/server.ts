import { createHash, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answerApi } from "./api.ts";
import { Deliveries, type DeliveryOptions } from "./deliveries.ts";
import { Ledger } from "./ledger.ts";
import { notFoundPage, PAGE_HEADERS, payPage } from "./page.ts";

export interface ProviderOptions extends Pick<DeliveryOptions, "secrets" | "target"> {
  /** Where the ledger is kept. */
  file: string;
  apiKey: string;
  /** 0 takes a free one. */
  port: number;
}

export interface Provider {
  url: string;
  ledger: Ledger;
  deliveries: Deliveries;
  close(): Promise<void>;
}

const HOST = "127.0.0.1";
const CONNECTIONS_MAX = 256;
const REQUEST_MS = 10_000;
const PAY = /^\/pay\/(ch_[0-9a-f-]{36})(?:\/(pay|decline))?$/;

/** Runs the stand-in for a payment provider: its API, the page where buyers pay, and the events that tell of it. */
export async function runProvider({ file, apiKey, port, secrets, target }: ProviderOptions): Promise<Provider> {
  const ledger = new Ledger(file);
  const deliveries = new Deliveries({ ledger, secrets, target });
  const provider: Provider = { url: "", ledger, deliveries, close };
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (req, res) => {
    answer(provider, apiKey, req, res).catch(() => {
      if (!res.headersSent) res.writeHead(500);
      res.end();
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.listen(port, HOST);
  await once(server, "listening");
  provider.url = `http://${HOST}:${(server.address() as AddressInfo).port}`;
  deliveries.start();

  async function close(): Promise<void> {
    await deliveries.stop();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    ledger.close();
  }
  return provider;
}

async function answer(provider: Provider, apiKey: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
  // A page of the web could point a name of its own at this machine, and ask under it.
  if (!isOurName(req.headers.host)) {
    res.writeHead(403).end();
    return;
  }
  const url = new URL(req.url ?? "/", provider.url);
  const [, ref, deed] = PAY.exec(url.pathname) ?? [];
  if (ref !== undefined) answerBuyer(provider, ref, deed, req, res);
  else if (isSame(req.headers.authorization ?? "", `Bearer ${apiKey}`)) await answerApi(provider, url, req, res);
  else res.writeHead(401, { "www-authenticate": "Bearer" }).end();
}

function answerBuyer(
  { ledger, deliveries }: Provider,
  ref: string,
  deed: string | undefined,
  req: IncomingMessage,
  res: ServerResponse,
) {
  const charge = ledger.findByRef(ref);
  const isRight = deed === undefined ? req.method === "GET" || req.method === "HEAD" : req.method === "POST";
  if (!charge || !isRight) {
    res.writeHead(charge ? 405 : 404, PAGE_HEADERS).end(notFoundPage());
    return;
  }
  if (deed === undefined) {
    res.writeHead(200, PAGE_HEADERS).end(payPage(charge));
    return;
  }
  deliveries.add(
    ledger.end(charge, deed === "pay" ? { state: "TAKEN" } : { state: "DECLINED", reason: "CARD_DECLINED" }),
  );
  res.writeHead(303, { location: `/pay/${ref}`, "cache-control": "no-store" }).end();
}

const isOurName = (host = ""): boolean => /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host);

/** In the time that equal ones take, whatever their lengths. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [given, wanted].map((text) => createHash("sha256").update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}
