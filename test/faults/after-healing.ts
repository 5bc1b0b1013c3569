import { planOf } from "../../services/payment/mock.provider.ts";
import { Shop } from "../e2e/support/shop.ts";
import { until } from "../support/until.ts";
import { Buyer, type Hall, type Market } from "./buyer.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

const ON_SALE_MS = 60_000;
/** Longer than any provider of a run takes. */
const HOLD_SECONDS = 60;

const PAYERS_MAX = 10_000;

/** Puts an event on sale and waits until every gateway sells it. */
export async function putOnSale(world: World, seats: number, holdSeconds: number): Promise<Hall> {
  const shop = new Shop(world.urls[0] as string, (name, scopes) => world.token(name, scopes));
  // Asked again as any organizer would: nodes that have just come back may say 503 once more.
  const { id: eventId, seatIds } = await until(() => shop.putOnSale(seats, { holdSeconds }), {
    what: `an event of ${seats} seats to be on sale`,
    ms: ON_SALE_MS,
  });
  // The other gateway may not know of the newest events yet.
  for (const url of world.urls) await new Shop(url).untilOnSale(eventId);
  return { eventId, seatIds };
}

/**
 * A healed system sells again: a new event, a seat of it through each gateway, to the very end. Throws when it does not. The
 * buyers are some whose payments succeed; the provider draws that from who buys what.
 */
export async function sellAfterHealing(world: World, market: Market, random: Random): Promise<Hall> {
  const hall = await putOnSale(world, world.urls.length, HOLD_SECONDS);
  await Promise.all(
    world.urls.map(async (url, n) => {
      const seatIds = [hall.seatIds[n] as string];
      const name = payerOf(world, `late-${n}`, { eventId: hall.eventId, seatIds });
      await new Buyer(name, world.token(name), random.fork(url), { ...market, urls: [url] }).buy(hall.eventId, seatIds);
    }),
  );
  return hall;
}

/** The first of that family who would pay these seats. */
function payerOf({ settings }: World, family: string, wish: { eventId: string; seatIds: string[] }): string {
  const options = {
    seed: settings.PAYMENT_SEED as string,
    delayMs: 0,
    successRate: Number(settings.PAYMENT_SUCCESS_RATE),
    neverRate: Number(settings.PAYMENT_NEVER_RATE),
  };
  for (let n = 0; n < PAYERS_MAX; n++) {
    const userId = `${family}-${n}`;
    if (planOf({ ...wish, userId }, options).planned === "TAKEN") return userId;
  }
  throw new Error("nobody would ever pay with these rates");
}
