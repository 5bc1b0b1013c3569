import { setTimeout as sleep } from "node:timers/promises";
import { StackError } from "#stack/stack-error.ts";

interface FreeSeat {
  eventId: string;
  seatId: string;
}

const WAIT_MS = 30_000;
const POLL_MS = 200;

/** What a newcomer does next: lines with the address, a token and a command that books a seat when it is pasted. */
export async function welcome(url: string, token: string | undefined): Promise<string> {
  const lines = [`Eventix is ready: ${url}`];
  if (token !== undefined) lines.push("", "A token for the buyer alice, good for an hour:", token);
  const { eventId, seatId } = await freeSeat(url);
  const body = JSON.stringify({ eventId, seatIds: [seatId] });
  const bearer = token ?? "$TOKEN";
  lines.push(
    "",
    "Book a seat:",
    `curl -s ${url}/api/bookings -H "authorization: Bearer ${bearer}" -H "content-type: application/json" -d '${body}'`,
    "",
  );
  return lines.join("\n");
}

/** A seat that can be booked now, of the first event that is on sale. */
async function freeSeat(url: string): Promise<FreeSeat> {
  const end = Date.now() + WAIT_MS;
  while (Date.now() < end) {
    const events = (await get<{ id: string }[]>(`${url}/api/events?limit=100`)) ?? [];
    for (const { id } of events) {
      const free = await freeSeatOf(url, id);
      if (free !== undefined) return { eventId: id, seatId: free };
    }
    await sleep(POLL_MS);
  }
  throw new StackError("No event came on sale with a free seat; the node's log says why.");
}

async function freeSeatOf(url: string, eventId: string): Promise<string | undefined> {
  const answer = await get<{ seats: { seatId: string; status: string }[] }>(
    `${url}/api/events/${eventId}/availability`,
  );
  return answer?.seats.find(({ status }) => status === "AVAILABLE")?.seatId;
}

/** The data of an answer, or undefined for a refusal: an event that is still loading, services that have just met. */
async function get<T>(address: string): Promise<T | undefined> {
  const response = await fetch(address, { headers: { accept: "application/json" } });
  const answer = (await response.json()) as { success: boolean; data: T };
  return answer.success ? answer.data : undefined;
}
