import { setTimeout as sleep } from "node:timers/promises";
import { type AuditReport, audit } from "../../cli/audit/audit.ts";
import { providerIn } from "../../cli/audit/webhook-book.ts";
import { until } from "../support/until.ts";
import { putOnSale, sellAfterHealing } from "./after-healing.ts";
import { Buyer, type Hall, type Market } from "./buyer.ts";
import { check, type Evidence, type Violation } from "./checker.ts";
import type { Fault, Stage } from "./fault.ts";
import { type Schedule, scheduleOf } from "./faults.ts";
import { History } from "./history.ts";
import { longestPause } from "./pause.ts";
import { untilQuiet } from "./quiet.ts";
import type { Random } from "./random.ts";
import { readTopics } from "./read-facts.ts";
import { type Hit, hitsOf, isViolation, struck } from "./strike.ts";
import { readBookings } from "./tables.ts";
import { within } from "./within.ts";
import type { World } from "./world.ts";

const BUYERS = 24;
const LOAD_MS = 5_000;
/** The load goes on for so long after the last fault. */
const AFTERWARDS_MS = 800;
const SETTLE_MS = 30_000;
/** Grants without which a run shows nothing; slow ones give some 60. */
const GRANTS_MIN = 10;
/** The longest a run may take, all its own time limits together: beyond that something hangs. */
const RUN_MS = 300_000;

/** What a run has seen so far: all that there is to look at when it fails. */
export interface Seen {
  since: Date;
  halls: Hall[];
  history: History;
  violations: Violation[];
  hits: Hit[];
  /** The longest time, under load, in which no hold was accepted. */
  pauseMs: number;
}

export interface RunResult extends Seen {
  seed: string;
  faults: string[];
  operations: number;
  granted: number;
  seconds: number;
}

/** One run: load and faults, healing, quiet, judgement. A world in which nothing can be sold before a fault has struck is a violation. */
export async function oneRun(world: World, random: Random, seed: string, only: Fault | undefined): Promise<RunResult> {
  const began = Date.now();
  const schedule = scheduleOf(random.fork("schedule"), LOAD_MS, only);
  const seen: Seen = { since: new Date(), halls: [], history: new History(), violations: [], hits: [], pauseMs: 0 };
  try {
    await within(RUN_MS, "the run", thrown({ world, random, seed, schedule }, seen));
  } catch (error) {
    seen.violations.push({ invariant: "healing", problem: (error as Error).message });
  }
  seen.violations.push(...world.takeOwnEnds().map((problem) => ({ invariant: "node", problem })));
  return {
    ...seen,
    seed,
    faults: schedule.strikes.map(({ fault }) => fault.name),
    operations: seen.history.operations.length,
    granted: grantedIn(seen),
    seconds: (Date.now() - began) / 1_000,
  };
}

const grantedIn = ({ history }: Seen): number =>
  history.ofKind("hold").filter(({ outcome }) => outcome === "ok").length;

interface Run {
  world: World;
  random: Random;
  seed: string;
  schedule: Schedule;
}

async function thrown({ world, random, seed, schedule }: Run, seen: Seen): Promise<void> {
  const { strikes, settings, holdSeconds, without, apart, roles } = schedule;
  const { history, violations } = seen;
  await world.heal();
  await world.useNodes(settings, { without, apart, roles });
  const since = new Date();
  const halls = await Promise.all(schedule.halls.map((seats) => putOnSale(world, seats, holdSeconds)));
  Object.assign(seen, { since, halls });

  const stopping = new AbortController();
  const paysAtPage = settings.PAYMENT_PROVIDER === "webhook";
  const market: Market = {
    ...{ run: seed, urls: world.urls, halls, history, known: [], keyedIn: new Map(), paysAtPage },
    stopped: stopping.signal,
  };
  const buyers = crowd(world, random, market);
  const { keyedIn } = market;
  const stage: Stage = { world, random: random.fork("faults"), halls, since, history, buyers, keyedIn, owed: [] };
  const loaded = Date.now();
  const running = Promise.all([...buyers.values()].map((buyer) => buyer.run()));
  const over = Promise.all(strikes.map((strike) => struck(stage, strike, strikes)));
  await sleep(LOAD_MS);
  const done = await over;
  await sleep(AFTERWARDS_MS);
  stopping.abort();
  seen.pauseMs = longestPause(history, loaded, Date.now());
  await running;

  violations.push(...done.filter(isViolation));
  const granted = grantedIn(seen);
  if (granted < GRANTS_MIN) violations.push({ invariant: "load", problem: `only ${granted} holds were granted` });
  await world.heal();
  const sweptFrom = strikes.every(({ fault }) => fault.sparesSweeps) ? since.getTime() : Date.now();
  halls.push(await sellAfterHealing(world, market, random.fork("late")));
  const evidence = await whenQuiet(stage, sweptFrom);
  seen.hits = await hitsOf(
    done.flatMap((one) => (isViolation(one) ? [] : [one])),
    evidence,
  );
  violations.push(...check(evidence), ...(await audited(world)));
}

function crowd(world: World, random: Random, market: Market): Map<string, Buyer> {
  return new Map(
    Array.from({ length: BUYERS }, (_, n) => {
      const name = `buyer-${n}`;
      return [name, new Buyer(name, world.token(name), random.fork(name), market)] as const;
    }),
  );
}

/** Waits until nothing moves, and looks at what is left. */
async function whenQuiet(stage: Stage, sweptFrom: number): Promise<Evidence> {
  const { world, halls, since, history, buyers, owed } = stage;
  const eventIds = halls.map(({ eventId }) => eventId);
  await untilQuiet(world, eventIds);
  await Promise.all([...buyers.values()].map((buyer) => buyer.readAll()));
  const [bookings, reading] = await Promise.all([
    readBookings(world.url("booking"), eventIds),
    readTopics(world, since, halls, owed),
  ]);
  return { history, bookings, owed, sweptFrom, ...reading };
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
    provider: providerIn(world.env),
    settleMs: SETTLE_MS,
  });
