import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import type { CreateEvent, EventResponse, ImportedVenue } from "#contracts/catalog.ts";
import { PROJECT } from "#stack/home.ts";
import { type Say, sayOnStderr } from "#stack/progress.ts";
import { ApiClient, ApiError, operatorClient } from "../api.client.ts";

type Sample = Pick<CreateEvent, "name" | "prices"> & { id: string; inDays: number };

const PRICES = { Premium: 8_900, Stalls: 5_900, Circle: 4_500, Box: 7_500, "Restricted view": 1_900 };
const MATINEE = { Premium: 5_900, Stalls: 3_900, Circle: 2_900, Box: 4_900, "Restricted view": 1_200 };

/** The sample events, whose ids never change. They start so many days after they are first made, at 19:30 UTC. */
export const SAMPLE_EVENTS: readonly Sample[] = [
  { id: "00000000-0000-4000-8000-000000000001", name: "The Tempest", prices: PRICES, inDays: 30 },
  { id: "00000000-0000-4000-8000-000000000002", name: "Twelfth Night", prices: PRICES, inDays: 45 },
  { id: "00000000-0000-4000-8000-000000000003", name: "The Tempest (preview)", prices: MATINEE, inDays: 20 },
];

const SAMPLE_PLAN = join(PROJECT, "plans/theatre.json");

/**
 * Puts the sample theatre and its events on sale through the API of a running gateway, and returns when they are. Doing it
 * again changes nothing: the same plan is the same venue, the same id the same event, and publishing is done once.
 */
export async function seed({ url, token, log }: { url: string; token: string; log: Say }): Promise<void> {
  await seedThrough(new ApiClient({ url, token }), log);
}

async function seedThrough(api: ApiClient, log: Say): Promise<void> {
  const plan = readFileSync(SAMPLE_PLAN, "utf8");
  const venue = await patiently(() => api.post<ImportedVenue>("/api/venues", plan));
  for (const { inDays, ...sample } of SAMPLE_EVENTS) {
    const event: CreateEvent = { ...sample, venueId: venue.venueId, startsAt: evening(inDays), currency: "EUR" };
    await patiently(() => api.post<EventResponse>("/api/events", event));
    await patiently(() => api.post<EventResponse>(`/api/events/${sample.id}/publish`, {}));
  }
  for (const { id } of SAMPLE_EVENTS) await api.untilOnSale(id);
  log(`${SAMPLE_EVENTS.length} sample events of ${venue.seats} seats each are on sale: ${api.url}/api/events`);
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

export const seedCommand = (): Command =>
  new Command("seed")
    .description("Put the sample theatre and its events on sale. Doing it again changes nothing.")
    .option("--url <url>", "the gateway (default: the one that npm start runs)")
    .option("--token <token>", "with the scope catalog:write (default: the local issuer's, for the operator)")
    .action((options: { url?: string; token?: string }) => seedThrough(operatorClient(options), sayOnStderr));
