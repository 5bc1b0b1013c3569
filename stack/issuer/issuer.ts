import { fileURLToPath } from "node:url";
import { logFile } from "../home.ts";
import { startDetached } from "../process.ts";
import type { StackServer } from "../server.ts";
import { StackError } from "../stack-error.ts";
import { issuerKey } from "./keys.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "./token.ts";

const jwksUri = (port: number | undefined) => `http://127.0.0.1:${port}/.well-known/jwks.json`;

/** Stands in for Auth0 in development: the same verification runs, against keys of this home. */
export const issuer: StackServer = {
  name: "issuer",
  title: "the token issuer",
  given: ["AUTH_JWKS_URI", "AUTH_ISSUER"],
  ports: ["issuer"],
  stopSignal: "SIGTERM",
  async launch({ home, ports }) {
    issuerKey(home);
    const main = fileURLToPath(new URL("main.ts", import.meta.url));
    const args = ["--max-old-space-size=32", main, home, String(ports.issuer)];
    return startDetached({ command: process.execPath, args, log: logFile(home, "issuer") });
  },
  async check({ ports }, { home }) {
    const response = await fetch(jwksUri(ports.issuer), { signal: AbortSignal.timeout(1_000) });
    const { keys } = (await response.json()) as { keys: { kid: string }[] };
    if (keys[0]?.kid !== issuerKey(home).kid) throw new StackError("The token issuer serves another home's key.");
  },
  environment: ({ ports }) => ({
    AUTH_JWKS_URI: jwksUri(ports.issuer),
    AUTH_ISSUER: LOCAL_ISSUER,
    AUTH_AUDIENCE: LOCAL_AUDIENCE,
  }),
};
