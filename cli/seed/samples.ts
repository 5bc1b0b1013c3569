import type { CreateEvent } from "#contracts/catalog.ts";
import { arenaJson } from "../../plans/arena.ts";
import { studioJson } from "../../plans/studio.ts";
import { theatreJson } from "../../plans/theatre.ts";

/** An event that every stack has, under an id that never changes. */
export interface Sample extends Omit<CreateEvent, "venueId" | "startsAt" | "currency"> {
  id: string;
  /** Of its venue, as JSON. */
  plan: () => string;
  /** It starts so many days after it is first made, at 19:30 UTC. */
  inDays: number;
  /** All of its seats are sold to guests. */
  isSoldOut?: true;
}

const EVENING = { Premium: 8_900, Stalls: 5_900, Circle: 4_500, Box: 7_500, "Restricted view": 1_900 };
const PREVIEW = { Premium: 5_900, Stalls: 3_900, Circle: 2_900, Box: 4_900, "Restricted view": 1_200 };
const CONCERT = {
  "Golden circle": 18_900,
  Floor: 12_900,
  "Lower tier": 9_900,
  "Upper tier": 6_400,
  Box: 24_900,
  Wheelchair: 6_400,
  "Restricted view": 3_900,
};

/** The most that one guest buys of a sold-out event. */
export const GROUP_SEATS = 10;

export const SAMPLES: readonly Sample[] = [
  {
    id: "00000000-0000-4000-8000-000000000001",
    name: "The Tempest",
    plan: theatreJson,
    prices: EVENING,
    inDays: 30,
  },
  {
    id: "00000000-0000-4000-8000-000000000002",
    name: "Twelfth Night",
    plan: studioJson,
    prices: { Seats: 2_500 },
    maxSeats: GROUP_SEATS,
    inDays: 45,
    isSoldOut: true,
  },
  {
    // Starts soon.
    id: "00000000-0000-4000-8000-000000000003",
    name: "The Tempest (preview)",
    plan: theatreJson,
    prices: PREVIEW,
    inDays: 1,
  },
  {
    // The crowd is large and holds are short, as for any first day of sale.
    id: "00000000-0000-4000-8000-000000000004",
    name: "Northern Lights, live",
    plan: arenaJson,
    prices: CONCERT,
    holdSeconds: 60,
    inDays: 60,
  },
];
