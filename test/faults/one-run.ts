import { setTimeout as sleep } from "node:timers/promises";
import { type AuditReport, audit } from "../../cli/audit/audit.ts";
import { until } from "../support/until.ts";
import { putOnSale, sellAfterHealing } from "./after-healing.ts";
import { Buyer, type Market } from "./buyer.ts";
import { check, type Violation } from "./checker.ts";
import { type Fault, Found, type Stage } from "./fault.ts";
import { type Strike, scheduleOf } from "./faults.ts";
import { History } from "./history.ts";
import { untilQuiet } from "./quiet.ts";
import type { Random } from "./random.ts";
import { readTopics } from "./read-facts.ts";
import { readBookings } from "./tables.ts";
import type { World } from "./world.ts";

const BUYERS = 24;
/** The first event is what most want; the others are there so that actors live on both nodes. */
const HALLS = [40, 120, 120] as const;
const HOLD_SECONDS = 3;
const LOAD_MS = 5_000;
/** The load goes on for so long after the last fault. */
const AFTERWARDS_MS = 800;
const SETTLE_MS = 30_000;
/** Grants without which a run shows nothing; slow ones give some 60. */
const GRANTS_MIN = 10;

export interface RunResult {
  seed: string;
  faults: string[];
  /** What a fault could not do, since another had taken away what it works on. */
  missed: string[];
  operations: number;
  granted: number;
  violations: Violation[];
  history: History;
  seconds: number;
}

/** One run: load and faults, healing, quiet, judgement. A world in which nothing can be sold before a fault has struck is a violation. */
export async function oneRun(world: World, random: Random, seed: string, only: Fault | undefined): Promise<RunResult> {
  const began = Date.now();
  const strikes = scheduleOf(random.fork("schedule"), LOAD_MS, only);
  const ended = (what: Partial<RunResult>): RunResult => ({
    seed,
    faults: strikes.map(({ fault }) => fault.name),
    missed: [],
    operations: 0,
    granted: 0,
    violations: [],
    history: new History(),
    seconds: (Date.now() - began) / 1_000,
    ...what,
  });
  try {
    return ended(await thrown(world, random, seed, strikes));
  } catch (error) {
    return ended({ violations: [{ invariant: "healing", problem: `before the load: ${(error as Error).message}` }] });
  }
}

async function thrown(
  world: World,
  random: Random,
  seed: string,
  strikes: readonly Strike[],
): Promise<Partial<RunResult>> {
  await world.heal();
  const settings = Object.assign({}, ...strikes.map(({ fault }) => fault.settings ?? {}));
  await world.useNodes(settings, {
    without: strikes.flatMap(({ fault }) => fault.without ?? []),
    apart: strikes.flatMap(({ fault }) => fault.apart ?? []),
  });
  const since = new Date();
  const holdSeconds = strikes.find(({ fault }) => fault.holdSeconds)?.fault.holdSeconds ?? HOLD_SECONDS;
  const halls = await Promise.all(HALLS.map((seats) => putOnSale(world, seats, holdSeconds)));
  const history = new History();
  const violations: Violation[] = [];
  const missed: string[] = [];

  const stopping = new AbortController();
  const market = { run: seed, urls: world.urls, halls, history, known: [], stopped: stopping.signal };
  const buyers = crowd(world, random, market);
  const stage: Stage = { world, random: random.fork("faults"), halls, since, history, buyers, owed: [] };
  const running = Promise.all([...buyers.values()].map((buyer) => buyer.run()));
  const over = strikes.map((strike) => struck(stage, strike).catch((error: Error) => error));
  await sleep(LOAD_MS);
  for (const [n, error] of (await Promise.all(over)).entries()) {
    if (error instanceof Found) violations.push({ invariant: error.invariant, problem: error.message });
    else if (error) missed.push(`${strikes[n]?.fault.name}: ${error.message}`);
  }
  await sleep(AFTERWARDS_MS);
  stopping.abort();
  await running;

  const granted = history.ofKind("hold").filter(({ outcome }) => outcome === "ok").length;
  if (granted < GRANTS_MIN) violations.push({ invariant: "load", problem: `only ${granted} holds were granted` });
  const isSwept = strikes.every(({ fault }) => fault.sparesSweeps);
  violations.push(...(await judge(stage, market, isSwept)));
  violations.push(...world.takeOwnEnds().map((problem) => ({ invariant: "node", problem })));
  return {
    missed,
    operations: history.operations.length,
    granted,
    violations,
    history,
  };
}

function crowd(world: World, random: Random, market: Market): Map<string, Buyer> {
  return new Map(
    Array.from({ length: BUYERS }, (_, n) => {
      const name = `buyer-${n}`;
      return [name, new Buyer(name, world.token(name), random.fork(name), market)] as const;
    }),
  );
}

async function struck(stage: Stage, { fault, atMs }: Strike): Promise<undefined> {
  await sleep(atMs);
  await fault.strike(stage);
  return undefined;
}

/** Heals, sells once more, waits until nothing moves, and looks at what is left. What does not heal is a violation too. */
async function judge(
  { world, random, since, history, buyers, owed, ...stage }: Stage,
  market: Market,
  isSwept: boolean,
): Promise<Violation[]> {
  try {
    await world.heal();
    const sweptFrom = isSwept ? since.getTime() : Date.now();
    const halls = [...stage.halls, await sellAfterHealing(world, market, random.fork("late"))];
    const eventIds = halls.map(({ eventId }) => eventId);
    await untilQuiet(world, eventIds);
    await Promise.all([...buyers.values()].map((buyer) => buyer.readAll()));
    const [bookings, reading] = await Promise.all([
      readBookings(world.url("booking"), eventIds),
      readTopics(world, since, halls, owed),
    ]);
    const found = check({ history, bookings, owed, sweptFrom, ...reading });
    return [...found, ...(await audited(world))];
  } catch (error) {
    return [{ invariant: "healing", problem: (error as Error).message }];
  }
}

async function audited(world: World): Promise<Violation[]> {
  const report = await until(() => tryAudit(world), { what: "an audit that can read everything", ms: SETTLE_MS });
  return Object.entries(report).flatMap(([invariant, { violations, undecided }]) =>
    [...violations, ...undecided].map(({ subject, problem }) => ({ invariant, problem: `${subject} ${problem}` })),
  );
}

const tryAudit = (world: World): Promise<AuditReport> =>
  audit({
    bookingUrl: world.url("booking"),
    paymentUrl: world.url("payment"),
    kafka: { brokers: world.brokers() },
    settleMs: SETTLE_MS,
  });
