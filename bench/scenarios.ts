import type { Scenario } from "./scenario.ts";
import { booking } from "./scenarios/booking.ts";
import { calls } from "./scenarios/calls.ts";
import { cluster } from "./scenarios/cluster.ts";
import { costs } from "./scenarios/costs.ts";
import { expiry } from "./scenarios/expiry.ts";
import { growth } from "./scenarios/growth.ts";
import { guards } from "./scenarios/guards.ts";
import { holds } from "./scenarios/holds.ts";
import { hotEvent } from "./scenarios/hot-event.ts";
import { join } from "./scenarios/join.ts";
import { losers } from "./scenarios/losers.ts";
import { map } from "./scenarios/map.ts";
import { memory } from "./scenarios/memory.ts";
import { overload } from "./scenarios/overload.ts";
import { provision } from "./scenarios/provision.ts";
import { saga } from "./scenarios/saga.ts";
import { start } from "./scenarios/start.ts";
import { twoActors } from "./scenarios/two-actors.ts";

export const SCENARIOS: readonly Scenario[] = [
  // Those with payment first: others leave it their bookings to work off.
  saga,
  costs,
  provision,
  holds,
  hotEvent,
  losers,
  booking,
  expiry,
  calls,
  map,
  start,
  memory,
  overload,
  growth,
  guards,
  twoActors,
  cluster,
  join,
];
