import { config } from "#config";

/** `node docker/healthcheck.ts live|ready`: ends with 0 when the node of this container says that it is, else with 1 and why. */
const question = process.argv[2] ?? "live";
try {
  const url = `http://127.0.0.1:${config.probePort ?? config.port}/health/${question}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
} catch (error) {
  const { message, cause } = error as Error;
  process.stderr.write(`${cause instanceof Error ? cause.message : message}\n`);
  process.exitCode = 1;
}
