import type { Fault, Roles } from "./fault.ts";
import { HTTP_FAULTS } from "./kinds/http.ts";
import { KAFKA_FAULTS } from "./kinds/kafka.ts";
import { NODE_KILL } from "./kinds/node-kill.ts";
import { NODE_FAULTS } from "./kinds/nodes.ts";
import { PAYMENT_FAULTS } from "./kinds/payment.ts";
import { POSTGRES_FAULTS } from "./kinds/postgres.ts";
import { REDIS_FAULTS } from "./kinds/redis.ts";
import type { Random } from "./random.ts";

export const FAULTS: readonly Fault[] = [
  ...REDIS_FAULTS,
  ...POSTGRES_FAULTS,
  ...KAFKA_FAULTS,
  ...PAYMENT_FAULTS,
  ...NODE_FAULTS,
  NODE_KILL,
  ...HTTP_FAULTS,
];

/** A fault and when it strikes, in ms from the start of the load. */
export interface Strike {
  fault: Fault;
  atMs: number;
}

/** What a run is to be. */
export interface Schedule {
  strikes: Strike[];
  settings: Record<string, string>;
  holdSeconds: number;
  /** Seats of each event. */
  halls: readonly number[];
  without: readonly string[];
  apart: readonly string[];
  roles: Roles | undefined;
}

const STRIKES_MAX = 3;
const FIRST_MS = 200;
const HOLD_SECONDS = 3;
/** The first event is what most want; the others are there so that actors live on both nodes. */
const HALLS = [40, 120, 120] as const;
/** Of the runs in which no fault wants the mock provider, which the others have. */
const AT_A_PAGE = 0.3;

/** One to three faults that come within the load, and what nodes they want. Or the one that is asked for. */
export function scheduleOf(random: Random, loadMs: number, only: Fault | undefined): Schedule {
  const wanted = 1 + random.int(STRIKES_MAX);
  const drawn = random.some(
    FAULTS.filter(({ long }) => !long),
    wanted,
  );
  const faults = only
    ? [only]
    : drawn.filter((fault, n) => drawn.slice(0, n).every((other) => goTogether(fault, other)));
  const settings: Record<string, string> = Object.assign({}, ...faults.map((fault) => fault.settings ?? {}));
  const isFree = !Object.keys(settings).some((name) => name.startsWith("PAYMENT_"));
  if (random.fork("provider").chance(AT_A_PAGE) && isFree) settings.PAYMENT_PROVIDER = "webhook";
  return {
    strikes: faults.map((fault) => ({
      fault,
      atMs: fault.fromStart ? 0 : random.fork(fault.name).between(FIRST_MS, loadMs / 2),
    })),
    settings,
    holdSeconds: faults.find((fault) => fault.holdSeconds)?.holdSeconds ?? HOLD_SECONDS,
    halls: faults.find(({ halls }) => halls)?.halls ?? HALLS,
    without: faults.flatMap(({ without = [] }) => without),
    apart: faults.find(({ apart }) => apart)?.apart ?? [],
    roles: faults.find(({ roles }) => roles)?.roles,
  };
}

/** Whether no two of their wishes for the nodes contradict each other. */
function goTogether(a: Fault, b: Fault): boolean {
  const differ = <T>(one: T | undefined, other: T | undefined) =>
    one !== undefined && other !== undefined && JSON.stringify(one) !== JSON.stringify(other);
  const names = Object.keys(a.settings ?? {});
  const isOfPayment = ({ settings = {} }: Fault) => Object.keys(settings).some((name) => name.startsWith("PAYMENT_"));
  return !(
    names.some((name) => differ(a.settings?.[name], b.settings?.[name])) ||
    (isOfPayment(a) && isOfPayment(b)) ||
    differ(a.holdSeconds, b.holdSeconds) ||
    differ(a.halls, b.halls) ||
    differ(a.apart, b.apart) ||
    differ(a.roles, b.roles)
  );
}
