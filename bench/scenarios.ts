import type { Scenario } from "./scenario.ts";
import { booking } from "./scenarios/booking.ts";
import { calls } from "./scenarios/calls.ts";
import { cluster } from "./scenarios/cluster.ts";
import { costs } from "./scenarios/costs.ts";
import { expiry } from "./scenarios/expiry.ts";
import { growth } from "./scenarios/growth.ts";
import { holds } from "./scenarios/holds.ts";
import { hotEvent } from "./scenarios/hot-event.ts";
import { losers } from "./scenarios/losers.ts";
import { map } from "./scenarios/map.ts";
import { memory } from "./scenarios/memory.ts";
import { overload } from "./scenarios/overload.ts";
import { provision } from "./scenarios/provision.ts";
import { saga } from "./scenarios/saga.ts";
import { start } from "./scenarios/start.ts";
import { twoActors } from "./scenarios/two-actors.ts";

export const SCENARIOS: readonly Scenario[] = [
  holds,
  hotEvent,
  saga,
  // Behind saga, which leaves payment nothing to work off.
  costs,
  losers,
  booking,
  expiry,
  calls,
  map,
  provision,
  start,
  memory,
  overload,
  growth,
  twoActors,
  cluster,
];
