import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { CallingOptions, Context, Service, ServiceSchema } from "moleculer";
import web, { type ApiSettingsSchema, type GatewayResponse, type IncomingRequest } from "moleculer-web";
import { healthOf } from "#broker/node-health.ts";
import { metricsOf, type NodeMetrics } from "#broker/node-metrics.ts";
import { config } from "#config";
import type { CallMeta } from "#contracts/caller.ts";
import { EventixError } from "#contracts/errors.ts";
import { HealthMixin } from "#mixins/health.mixin.ts";
import { admit, countForgery, type Gatekeepers } from "./admission.ts";
import { Authenticator } from "./auth.ts";
import { readBody } from "./body.ts";
import { BusyRefusals, isProbe } from "./busy.ts";
import { ClientAddresses } from "./client-address.ts";
import { CORRELATION_HEADER, correlationIdFrom } from "./correlation.ts";
import { allowOrigin } from "./cors.ts";
import { DOCS_ALIASES } from "./docs.ts";
import { ClusterHealthView, HEALTH_ALIASES, ServicesOffered } from "./health.ts";
import { httpErrorOf } from "./http-errors.ts";
import { makeServer } from "./http-server.ts";
import { KeyRing } from "./key-ring.ts";
import { Listeners } from "./listeners.ts";
import type { Answering } from "./malformed.ts";
import { type Alias, findAlias, methodsAt, methodsOf } from "./methods.ts";
import { paramsOf, parseQuery } from "./params.ts";
import { RateLimiter } from "./rate-limit.ts";
import { type Asked, Repeater, wasAskedAgain } from "./repeat.ts";
import { rememberRoute, watchRequest } from "./request-log.ts";
import { RequestsUnderWay } from "./requests-under-way.ts";
import { CALL_TIMEOUT_MS, ENDPOINTS, type Endpoint } from "./routes.ts";
import { SharedAnswers } from "./shared-answers.ts";
import { sendJson, successOf } from "./success.ts";

interface Gateway extends Service, Gatekeepers, Answering {
  server: Server;
  listeners: Listeners;
  aliases: OurAlias[];
  shared: SharedAnswers;
  requests: RequestsUnderWay;
  busy: BusyRefusals;
  repeater: Repeater;
  metrics: NodeMetrics;
  clusterHealth: ClusterHealthView;
  drain(): Promise<void>;
  sendResponse(req: IncomingRequest, res: GatewayResponse, data: unknown): void;
  answer(endpoint: Endpoint, params: object, req: IncomingRequest, res: GatewayResponse): Promise<void>;
}
interface OurAlias extends Alias {
  endpoint?: Endpoint;
  handler?: (req: IncomingRequest, res: GatewayResponse) => unknown;
  fullPath: string;
}
type HttpHandler = (this: Service, req: IncomingRequest, res: GatewayResponse, next?: () => void) => Promise<void>;
const { httpHandler: handleHttp } = web.methods as unknown as { httpHandler: HttpHandler };
type GatewayContext = Context<unknown, CallMeta & Record<string, unknown>>;

/** The REST API: who may ask, what is asked, and how it is answered. All else is the services' behind it. */
const gateway: ServiceSchema<ApiSettingsSchema, object, object, Gateway> = {
  name: "gateway",
  mixins: [web, HealthMixin()],

  settings: {
    /** It would listen with one socket, and only log that a port is taken. */
    server: false,
    rootCallOptions: beginRequest as unknown as CallingOptions,
    logRequest: null,
    logResponse: null,
    logRouteRegistration: "debug",
    /** Settings are sent to every node; nobody there needs these. */
    $secureSettings: ["routes"],
    routes: [
      {
        path: "/",
        mappingPolicy: "restrict",
        mergeParams: false,
        bodyParsers: false,
        logging: false,
        aliases: {
          ...Object.fromEntries(ENDPOINTS.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, { endpoint }])),
          ...HEALTH_ALIASES,
          ...DOCS_ALIASES,
        },
      },
    ],
  },

  actions: {
    // Whoever is on the bus could change the routes with these.
    addRoute: false,
    removeRoute: false,
    listAliases: false,
  },

  created() {
    const keys = new KeyRing(config.authJwksUri);
    this.authenticator = new Authenticator({ keys, issuer: config.authIssuer, audience: config.authAudience });
    this.addresses = new ClientAddresses(config.trustedProxies);
    this.limits = {
      user: new RateLimiter(config.rateLimitPerMinute),
      address: new RateLimiter(config.addressRateLimitPerMinute),
      failedLogins: new RateLimiter(config.failedLoginsPerMinute),
    };
    this.shared = new SharedAnswers();
    this.repeater = new Repeater({ broker: this.broker, logger: this.logger, afterMs: config.repeatAfterMs });
    this.requests = new RequestsUnderWay(() => this.repeater.waitingOut);
    this.metrics = metricsOf(this.broker);
    this.metrics.add("eventix_http_requests_under_way", () => [{ value: this.requests.count, labels: {} }]);
    this.busy = new BusyRefusals(this);
    this.clusterHealth = new ClusterHealthView(this.broker);
    healthOf(this.broker).add(new ServicesOffered(this.broker));
    healthOf(this.broker).add(keys);
    this.server = makeServer(this);
    this.listeners = new Listeners(this.server);
  },

  async started() {
    await this.listeners.open({ host: config.host, port: config.port });
    const { address, port } = this.server.address() as AddressInfo;
    this.logger.info(`listening on ${address}, port ${port}`);
  },

  async stopped() {
    await this.drain();
    this.busy.tell();
  },

  methods: {
    /** Before the services behind it stop (drain.middleware.ts). */
    drain() {
      return this.requests.drain(this.listeners);
    },

    /** As moleculer-web's, for as many requests at once as can be served. */
    async httpHandler(req: IncomingRequest, res: GatewayResponse, next?: () => void) {
      if (this.requests.isFull && !isProbe(req)) this.busy.refuse(req, res);
      else await handleHttp.call(this, req, res, next);
    },

    refuse(req: IncomingRequest, res: GatewayResponse, error: EventixError) {
      res.locals = {};
      beginRequest.call(this, {}, req, res);
      res.setHeader("connection", "close");
      if (req.method === "CONNECT") res.setHeader("allow", methodsOf(this.aliases));
      this.sendError(req, res, error);
    },

    /** The query stays text until it is known who asks what: see aliasHandler. */
    parseQueryString(req: IncomingRequest) {
      const url = req.url as string;
      const at = url.indexOf("?", 1);
      return at < 0 ? { url, query: "" } : { url: url.slice(0, at), query: url.slice(at + 1) };
    },

    resolveAlias(path: string, method = "GET") {
      return findAlias(this.aliases, path, method);
    },

    /**
     * Ends an OPTIONS before an alias could run for it. A preflight is one too: its headers are set as for every answer
     * (beginRequest).
     */
    corsHandler(_settings: unknown, req: IncomingRequest, res: GatewayResponse) {
      if (req.method !== "OPTIONS") return false;
      const allow = methodsAt(this.aliases, req.parsedUrl);
      if (allow === "") return false;
      res.writeHead(204, { allow }).end();
      return true;
    },

    /** Where no alias was found: the path is unknown, or known for other methods. */
    send404(req: IncomingRequest, res: GatewayResponse) {
      const allow = methodsAt(this.aliases, req.parsedUrl);
      if (allow !== "") res.setHeader("allow", allow);
      this.sendError(req, res, new EventixError(allow === "" ? "NOT_FOUND" : "METHOD_NOT_ALLOWED"));
    },

    /**
     * In place of moleculer-web's, which reads the body before it asks who sends it, counts before it knows the user, and
     * picks the node before it knows the params.
     */
    async aliasHandler(req: IncomingRequest, res: GatewayResponse, alias: OurAlias) {
      rememberRoute(res, alias.fullPath);
      const { endpoint } = alias;
      if (!endpoint) {
        await alias.handler?.call(this, req, res);
        return true;
      }
      if (this.requests.isDraining) throw new EventixError("SERVICE_UNAVAILABLE");
      const ctx = req.$ctx as unknown as GatewayContext;
      const caller = await admit(this, endpoint.access, req, res);
      if (caller) ctx.meta.user = caller;
      const { query: search, params: path } = req.$params;
      const query = parseQuery(search);
      const body = endpoint.body && (await readBody(req, res, endpoint.body));
      const params = paramsOf(endpoint, { path, query, headers: req.headers, body });
      await this.answer(endpoint, params, req, res).catch((error) => {
        countForgery(this, error, req, res);
        throw error;
      });
      return true;
    },

    async answer(endpoint: Endpoint, params: object, req: IncomingRequest, res: GatewayResponse) {
      const ctx = req.$ctx as unknown as GatewayContext;
      const { action, shared, timeoutMs = CALL_TIMEOUT_MS } = endpoint;
      const repeated = endpoint.repeated ?? (endpoint.method === "GET" ? "alike" : undefined);
      const asked: Asked = { action, params, timeoutMs, meta: endpoint.meta?.(req.headers) ?? {}, repeated };
      if (!shared) {
        const data = await this.repeater.call(ctx, asked);
        sendJson(res, endpoint.status ?? 200, successOf(endpoint, data, ctx.meta, res));
        return;
      }
      const variant = { ...params, ...shared.variant?.(req.headers) };
      const key = `${action} ${JSON.stringify(variant)}`;
      const { type, body, headers } = await this.shared.get(key, shared.maxAgeMs, async () =>
        shared.render((await this.repeater.call(ctx, { ...asked, params: variant })) as never, variant),
      );
      for (const [name, value] of Object.entries(headers)) res.appendHeader(name, value);
      ctx.meta.$responseType = type;
      this.sendResponse(req, res, body);
    },

    errorHandler(req: IncomingRequest, res: GatewayResponse, error: unknown) {
      this.sendError(req, res, error);
    },

    sendError(req: IncomingRequest, res: GatewayResponse, error: unknown) {
      // Refused already, since the rest of it could not be read.
      if (res.writableEnded) return;
      const correlationId = String(res.getHeader(CORRELATION_HEADER));
      const { status, headers, body } = httpErrorOf(error, correlationId);
      if (status === 500) this.logger.error({ correlationId, method: req.method, err: error }, "a request failed");
      if (res.headersSent) {
        res.destroy();
        return;
      }
      for (const [name, value] of Object.entries(headers)) if (!res.hasHeader(name)) res.setHeader(name, value);
      res.setHeader("cache-control", "no-store");
      sendJson(res, status, body);
    },
  },
};

export default gateway;

function beginRequest(this: Gateway, options: CallingOptions, req: IncomingRequest, res: GatewayResponse): void {
  const correlationId = correlationIdFrom(req.headers[CORRELATION_HEADER]);
  options.requestID = correlationId;
  res.setHeader(CORRELATION_HEADER, correlationId);
  res.setHeader("x-content-type-options", "nosniff");
  this.requests.add(res, () => !wasAskedAgain(req.$ctx));
  allowOrigin(config.corsOrigins, req, res);
  watchRequest(this, correlationId, req, res);
}
