import { createServer } from "node:http";
import { issuerKey } from "./keys.ts";

/** The process of the local issuer: `node main.ts HOME PORT [HOST]` serves the public key where Auth0 would. */
const [home = "", port = "0", host = "127.0.0.1"] = process.argv.slice(2);
const { jwk } = issuerKey(home);
const jwks = JSON.stringify({ keys: [jwk] });

createServer((request, response) => {
  if (request.url !== "/.well-known/jwks.json") {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "content-type": "application/json" }).end(jwks);
}).listen(Number(port), host);
