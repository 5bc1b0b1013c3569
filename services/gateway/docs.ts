import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Service } from "moleculer";
import type { GatewayResponse, IncomingRequest } from "moleculer-web";
import { admit, type Gatekeepers } from "./admission.ts";
import { openApiDocument } from "./openapi.ts";
import { JSON_TYPE } from "./success.ts";

/** The page of the API: Swagger UI from its package, and nothing from elsewhere. */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Eventix: the API</title>
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;
const START = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
`;

/** Swagger UI sets styles on its elements; scripts and data come from here alone. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** By its path: the package's own entry would load the whole page into this process. */
const asset = (name: string) => () => readFileSync(fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`)));

/** The document of the API, and a page to read it and try it. */
export const DOCS_ALIASES = {
  "GET /openapi.json": served(JSON_TYPE, () => `${JSON.stringify(openApiDocument(), null, 2)}\n`),
  "GET /docs": served("text/html; charset=utf-8", () => PAGE),
  "GET /docs/start.js": served("text/javascript; charset=utf-8", () => START),
  "GET /docs/swagger-ui-bundle.js": served("text/javascript; charset=utf-8", asset("swagger-ui-bundle.js")),
  "GET /docs/swagger-ui.css": served("text/css; charset=utf-8", asset("swagger-ui.css")),
  "GET /docs/favicon-32x32.png": served("image/png", asset("favicon-32x32.png")),
};

/** Made when it is first asked for, and kept. */
function served(type: string, make: () => string | Buffer) {
  let made: Buffer | undefined;
  return async function serve(this: Service, req: IncomingRequest, res: GatewayResponse): Promise<void> {
    await admit(this as unknown as Gatekeepers, "anyone", req, res);
    made ??= Buffer.from(make());
    res.setHeader("content-type", type);
    res.setHeader("content-length", made.length);
    res.setHeader("cache-control", "public, max-age=300");
    res.setHeader("content-security-policy", CONTENT_SECURITY_POLICY);
    res.end(made);
  };
}
