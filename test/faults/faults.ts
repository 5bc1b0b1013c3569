import type { Fault } from "./fault.ts";
import { HTTP_FAULTS } from "./kinds/http.ts";
import { KAFKA_FAULTS } from "./kinds/kafka.ts";
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
  ...HTTP_FAULTS,
];

/** A fault and when it strikes, in ms from the start of the load. */
export interface Strike {
  fault: Fault;
  atMs: number;
}

const STRIKES_MAX = 3;
const FIRST_MS = 200;

/** One to three faults that come within the load; at most one of them wants nodes of its own. Or the one that is asked for. */
export function scheduleOf(random: Random, loadMs: number, only: Fault | undefined): Strike[] {
  const at = (fault: Fault) => ({ fault, atMs: fault.fromStart ? 0 : random.between(FIRST_MS, loadMs / 2) });
  if (only) return [at(only)];
  const wanted = 1 + random.int(STRIKES_MAX);
  const drawn = random.some(
    FAULTS.filter(({ long }) => !long),
    wanted,
  );
  const special = drawn.find(isSpecial);
  return drawn.filter((fault) => fault === special || !isSpecial(fault)).map(at);
}

const isSpecial = ({ settings, holdSeconds, without, apart }: Fault): boolean =>
  [settings, holdSeconds, without, apart].some((wish) => wish !== undefined);
