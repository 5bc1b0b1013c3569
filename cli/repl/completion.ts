import type { REPLServer } from "node:repl";
import type { EventResponse } from "#contracts/catalog.ts";
import type { Ask } from "../inspect/ask.ts";

const EVENT = /^(event|seat) +(\S*)$/;
const BOOKING = /^(booking|why) +(\S*)$/;
const ID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
const EVENTS_MAX = 100;

type Complete = (line: string, done: (error: Error | null, result: [string[], string]) => void) => void;
/** As node runs it; its types leave out the answer. */
type Server = { completer: Complete; history: string[] };

/**
 * Completes the ids of published events, and of bookings that were asked for before, behind the commands that take one; all
 * else is left to the REPL's own completion.
 */
export function completeIds(server: REPLServer, ask: Ask): void {
  const repl = server as unknown as Server;
  const own = repl.completer;
  repl.completer = (line, done) => {
    const begun = line.slice(line.lastIndexOf(" ") + 1);
    const offer = (ids: string[]) => done(null, [ids.filter((id) => id.startsWith(begun)), begun]);
    if (EVENT.test(line)) void publishedEvents(ask).then(offer);
    else if (BOOKING.test(line)) offer(askedBefore(repl.history));
    else own(line, done);
  };
}

async function publishedEvents(ask: Ask): Promise<string[]> {
  const { items } = await ask<{ items: EventResponse[] }>("catalog.listEvents", { limit: EVENTS_MAX }).catch(() => ({
    items: [],
  }));
  return items.map(({ id }) => id);
}

const askedBefore = (history: readonly string[]): string[] => [
  ...new Set(history.filter((line) => BOOKING.test(line)).flatMap((line) => line.match(ID) ?? [])),
];
