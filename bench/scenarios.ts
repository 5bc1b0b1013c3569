import type { Scenario } from "./scenario.ts";
import { expiry } from "./scenarios/expiry.ts";
import { holds } from "./scenarios/holds.ts";
import { hotEvent } from "./scenarios/hot-event.ts";
import { losers } from "./scenarios/losers.ts";
import { map } from "./scenarios/map.ts";
import { memory } from "./scenarios/memory.ts";
import { saga } from "./scenarios/saga.ts";

export const SCENARIOS: readonly Scenario[] = [holds, hotEvent, saga, losers, expiry, map, memory];
