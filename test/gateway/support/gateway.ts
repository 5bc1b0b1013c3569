import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type ActionSchema, type Context, ServiceBroker, type ServiceSchema } from "moleculer";
import { pino } from "pino";
import { AccessMiddleware } from "#broker/middlewares/access.middleware.ts";
import type { CallMeta } from "#contracts/caller.ts";
import { AUDIENCE, ISSUER, Issuer, makeKey, type SigningKey, sign } from "./issuer.ts";

export type Handler = (ctx: Context<Record<string, unknown>, CallMeta & object>) => unknown;
type Actions = Record<string, Record<string, ActionSchema & { access?: string }>>;

export interface GatewayUnderTest {
  url: string;
  issuer: Issuer;
  key: SigningKey;
  broker: ServiceBroker;
  /** What was logged, an entry a line. */
  log: { level: number; msg: string; [field: string]: unknown }[];
  token(claims?: object): string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

/**
 * The gateway as it is, over HTTP, on a broker of this process, with the given actions behind it. Settings are read once a
 * process: they come from `env`, and a test file starts one gateway.
 */
export async function startGateway(actions: Actions, env: Record<string, string> = {}): Promise<GatewayUnderTest> {
  const key = makeKey("key-1");
  const issuer = new Issuer([key]);
  const own = { PORT: "0", AUTH_JWKS_URI: await issuer.listen(), AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE };
  Object.assign(process.env, own, env);
  const { default: gateway } = await import("../../../services/gateway/gateway.service.ts");
  const log: GatewayUnderTest["log"] = [];
  const stream = { write: (line: string) => void log.push(JSON.parse(line)) };
  const broker = new ServiceBroker({
    nodeID: "gateway-under-test",
    logger: { type: "Pino", options: { createLogger: () => pino({ level: "info" }, stream) } } as never,
    requestTimeout: 6_000,
    validator: { type: "Fastest", options: { haltOnFirstError: false } } as never,
    middlewares: [AccessMiddleware()],
    skipProcessEventRegistration: true,
  });
  for (const [name, ofService] of Object.entries(actions))
    broker.createService({ name, actions: ofService } as ServiceSchema);
  const service = broker.createService(gateway as ServiceSchema) as unknown as { server: Server };
  await broker.start();
  const url = `http://127.0.0.1:${(service.server.address() as AddressInfo).port}`;
  return {
    url,
    issuer,
    key,
    broker,
    log,
    token: (claims) => sign(key, claims),
    fetch: (path, init) => fetch(url + path, init),
    async stop() {
      await broker.stop();
      await issuer.close();
    },
  };
}

/** An action that answers with what it was called with. */
export const echo: Handler = ({ params, meta, requestID }) => ({ id: "echo", params, user: meta.user, requestID });

export const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire is looked at field by field.
export const json = async (response: Response): Promise<any> => response.json();
