import { Command, InvalidArgumentError, Option } from "commander";
import { type CreateEvent, type EventResponse, type ImportedVenue, PLAN_PROBLEMS_LISTED } from "#contracts/catalog.ts";
import { sayOnStderr } from "#stack/progress.ts";
import { StackError, UsageError } from "#stack/stack-error.ts";
import { type ApiClient, operatorClient } from "../api.client.ts";
import { counted, explained } from "../import-errors.ts";
import { readPlanFile } from "../plan-file.ts";

interface ImportOptions {
  event?: string;
  startsAt?: string;
  price: Record<string, number>;
  currency: string;
  holdSeconds?: number;
  maxSeats?: number;
  saleFrom?: string;
  saleUntil?: string;
  duplicateGuids?: string;
  plan?: string;
  publish?: boolean;
  url?: string;
  token?: string;
}

const MORE = `
Prints one JSON object: venueId, eventId (null without --event), seats, warnings (the first ${PLAN_PROBLEMS_LISTED}), warningCount.
Without --event only the venue is made. The same plan again is the same venue, and the same command again within a day is the
same event: when you do not know whether it went through, run it again. With --publish it returns when the event is on sale.
Whatever is wrong with the plan is listed with its place, and nothing is stored.

Example:
  eventix import hall.json --event "Gala" --starts-at 2030-05-01T19:30:00+02:00 --price Stalls=4500 --price Box=9000 --publish`;

export const importCommand = (): Command =>
  new Command("import")
    .description("Import a seating plan of pretix's format, and put an event on it.")
    .argument("<file>", "the plan, or an API reply of pretix that holds plans")
    .option("--event <name>", "make an event of this name on the venue")
    .option("--starts-at <time>", "when it starts, with its offset: 2030-05-01T19:30:00+02:00", time)
    .addOption(
      new Option("--price <category=minor>", "a category's price in minor units (cents); once for each that has seats")
        .argParser(price)
        .default({}, "none"),
    )
    .option("--currency <code>", "of the prices, as in ISO 4217", "EUR")
    .option("--hold-seconds <n>", "how long a hold lives (default: the gateway's HOLD_SECONDS)", count)
    .option("--max-seats <n>", "seats in one booking (default: the gateway's MAX_SEATS_PER_BOOKING)", count)
    .option("--sale-from <time>", "not on sale before", time)
    .option("--sale-until <time>", "not on sale after", time)
    .addOption(
      new Option("--duplicate-guids <how>", "make guids that repeat unique with zone and row").choices(["qualify"]),
    )
    .option("--plan <id>", "which plan of an API reply that holds several")
    .option("--publish", "put the event on sale, for good")
    .option("--url <url>", "the gateway (default: the one that npm start runs)")
    .option("--token <token>", "with the scope catalog:write (default: the local issuer's, for the operator)")
    .addHelpText("after", MORE)
    .action(async (file: string, options: ImportOptions) => {
      const missing = options.event === undefined ? neededEvent(options) : neededStart(options);
      if (missing) throw new UsageError(missing);
      const plan = readPlanFile(file);
      const api = operatorClient(options);
      try {
        process.stdout.write(`${JSON.stringify(await importPlan(api, file, plan, options))}\n`);
      } catch (error) {
        throw explained(error, file);
      }
    });

const EVENT_ONLY = ["startsAt", "holdSeconds", "maxSeats", "saleFrom", "saleUntil", "publish"] as const;

/** Without an event, what describes one would do nothing. */
function neededEvent(options: ImportOptions): string | undefined {
  const described = EVENT_ONLY.some((name) => options[name] !== undefined) || Object.keys(options.price).length > 0;
  return described ? "This describes an event: name it with --event." : undefined;
}

const neededStart = ({ startsAt }: ImportOptions) =>
  startsAt === undefined ? "An event needs its start: --starts-at 2030-05-01T19:30:00+02:00" : undefined;

async function importPlan(api: ApiClient, file: string, plan: string, options: ImportOptions) {
  const query = new URLSearchParams();
  if (options.duplicateGuids) query.set("duplicateGuids", options.duplicateGuids);
  if (options.plan !== undefined) query.set("plan", options.plan);
  const venue = await api.postOnce<ImportedVenue>(`/api/venues${query.size > 0 ? `?${query}` : ""}`, plan);
  if (venue.seats === 0 && options.event !== undefined) throw new StackError(seatless(file));
  if (venue.warningCount > 0) sayOnStderr(importedWith(venue));
  const { venueId, seats, warnings, warningCount } = venue;
  const eventId = options.event === undefined ? null : await createEvent(api, venueId, options);
  return { venueId, eventId, seats, warnings, warningCount };
}

const seatless = (file: string) =>
  `${file} has no seats, so no event was made: there is nothing to sell. ` +
  "Add rows with seats to the plan, each seat in a category, and import it again.";

function importedWith({ warnings, warningCount }: ImportedVenue): string {
  const listed = warnings.length < warningCount ? `; the first ${warnings.length} are listed` : "";
  return `The plan was imported with ${counted(warningCount, "warning")}${listed}.`;
}

async function createEvent(api: ApiClient, venueId: string, options: ImportOptions): Promise<string> {
  const { event: name, startsAt, price: prices, currency, holdSeconds, maxSeats, saleFrom, saleUntil } = options;
  const wish = { venueId, name, startsAt, currency, prices, holdSeconds, maxSeats, saleFrom, saleUntil };
  const { id } = await api.postOnce<EventResponse>("/api/events", wish as CreateEvent);
  if (!options.publish) return id;
  await api.post<EventResponse>(`/api/events/${id}/publish`, {});
  await api.untilOnSale(id);
  return id;
}

/** The last `=` counts: a category may have some in its name. */
function price(value: string, before: Record<string, number>): Record<string, number> {
  const at = value.lastIndexOf("=");
  const [category, minor] = [value.slice(0, at), value.slice(at + 1)];
  if (at < 1 || !/^\d{1,13}$/.test(minor)) {
    throw new InvalidArgumentError("Write CATEGORY=MINOR, a whole number of cents: Stalls=4500.");
  }
  if (Object.hasOwn(before, category)) throw new InvalidArgumentError(`"${category}" has a price already.`);
  return Object.fromEntries([...Object.entries(before), [category, Number(minor)]]);
}

function time(value: string): string {
  const hasOffset = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(value);
  if (!hasOffset) throw new InvalidArgumentError("Write date, time and offset: 2030-05-01T19:30:00+02:00.");
  return value;
}

function count(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError("Write a whole number above 0.");
  return Number(value);
}
