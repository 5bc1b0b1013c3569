import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { EventResponse, ImportedVenue } from "#contracts/catalog.ts";
import { eventixHome } from "#stack/home.ts";
import { signToken } from "#stack/issuer/token.ts";
import type { Say } from "#stack/progress.ts";
import { type ApiClient, ApiError } from "../api.client.ts";
import { SAMPLES, type Sample } from "./samples.ts";
import { sellOut } from "./sell-out.ts";

/**
 * Puts the sample events on sale through the API of a running gateway, asked by an operator, and returns when they are. What is
 * there already stays as it is, so doing it again goes on where it ended before, or changes nothing. The seats of what is sold out
 * go to guests with tokens of the local issuer, unless others are given.
 */
export async function seed(api: ApiClient, say: Say, guestToken: () => string = localGuest): Promise<void> {
  const venues = new Map<Sample["plan"], Promise<ImportedVenue>>();
  const venueOf = (plan: Sample["plan"]) => {
    const venue = venues.get(plan) ?? patiently(() => api.post<ImportedVenue>("/api/venues", plan()));
    venues.set(plan, venue);
    return venue;
  };
  const events = await Promise.all(
    SAMPLES.map(async (sample) => {
      const event = (await published(api, sample.id)) ?? (await publish(api, sample, await venueOf(sample.plan)));
      await api.untilOnSale(sample.id);
      const unsold = sample.isSoldOut ? await sellOut(api, sample.id, () => api.as(guestToken())) : 0;
      if (unsold > 0)
        say(`${sample.name} is to be sold out: ${unsold} seats wait for payments; the next seed goes on.`);
      return event;
    }),
  );
  say(`${events.length} sample events are on sale: ${api.url}/api/events`);
  const begun = events.flatMap(({ name, startsAt }) => (Date.parse(startsAt) < Date.now() ? [name] : []));
  if (begun.length > 0) say(`Begun since they were made, and still on sale: ${begun.join(", ")}. ${FRESH}`);
}

/** Terms of a published event are frozen, its date too. */
const FRESH = "For new dates begin with new data: npx eventix down, then remove its folder (.eventix).";

/** A plan imported before is the same venue, an id used before the same event; it may be a draft that an earlier seed left. */
async function publish(api: ApiClient, sample: Sample, { venueId }: ImportedVenue): Promise<EventResponse> {
  const { plan: _plan, inDays, isSoldOut: _isSoldOut, ...event } = sample;
  const wish = { ...event, venueId, startsAt: evening(inDays), currency: "EUR" };
  await patiently(() => api.post<EventResponse>("/api/events", wish));
  return patiently(() => api.post<EventResponse>(`/api/events/${event.id}/publish`, {}));
}

async function published(api: ApiClient, id: string): Promise<EventResponse | undefined> {
  try {
    return await patiently(() => api.get<EventResponse>(`/api/events/${id}`));
  } catch (error) {
    if (error instanceof ApiError && error.code === "EVENT_NOT_FOUND") return undefined;
    throw error;
  }
}

const UNAVAILABLE_MS = 30_000;
const RETRY_MS = 250;

/** Services of a node that has just started may not have met yet; all that the seed does may be done twice. */
async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + UNAVAILABLE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const isPassing = error instanceof ApiError && error.code === "SERVICE_UNAVAILABLE";
      if (!isPassing || Date.now() > end) throw error;
    }
    await sleep(RETRY_MS);
  }
}

function evening(inDays: number): string {
  const day = new Date();
  day.setUTCDate(day.getUTCDate() + inDays);
  day.setUTCHours(19, 30, 0, 0);
  return day.toISOString();
}

const localGuest = () => signToken(eventixHome(), `guest-${randomBytes(4).toString("hex")}`);
