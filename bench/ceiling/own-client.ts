import pg from "pg";
import type { Drive } from "./driver.ts";
import { SEATS_A_BOOKING } from "./script.ts";

/** A process of its own that drives a script as pgbench would: `fork(own-client.ts)`, then a Drive with a url by IPC. */
process.on("message", async (job: OwnDrive) => {
  const began = performance.now();
  await Promise.all(Array.from({ length: job.clients }, (_, id) => client(job, id)));
  process.send?.((performance.now() - began) / 1_000);
  process.disconnect();
});

type OwnDrive = Drive & { url: string; options: string };

async function client({ url, options, script, seatsEach, seconds }: OwnDrive, id: number): Promise<void> {
  const connection = new pg.Client({ connectionString: url, options, pipeline: true });
  await connection.connect();
  const flights = script.flights.map((flight, f) => flight.map((text, n) => prepared(text, `${f}-${n}`)));
  const end = performance.now() + seconds * 1_000;
  const step = script.bookings * SEATS_A_BOOKING;
  for (let at = 0; performance.now() < end; at += step) {
    const a = id * seatsEach + at;
    const values: Values = { a, b: a + 1, at: at + step, client_id: id };
    for (const flight of flights) await Promise.all(flight.map((statement) => connection.query(statement(values))));
  }
  await connection.end();
}

type Values = Record<"a" | "b" | "at" | "client_id", number>;

/** pgbench's `:name` as a parameter of a named statement; `::` is a cast. */
function prepared(script: string, name: string): (values: Values) => pg.QueryConfig {
  const names: (keyof Values)[] = [];
  const text = script.replace(/(?<!:):([a-z_]+)/g, (_, variable: keyof Values) => `$${names.push(variable)}`);
  return (values) => ({ name, text, values: names.map((variable) => values[variable]) });
}
