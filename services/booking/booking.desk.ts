import type { Logger, ServiceBroker } from "moleculer";
import type { Pool } from "pg";
import { type HealthPart, healthOf } from "#broker/node-health.ts";
import { metricsOf } from "#broker/node-metrics.ts";
import { config } from "#config";
import { serviceCaller } from "#contracts/caller.ts";
import { DependencyWatch } from "#mixins/dependency-watch.ts";
import { readAvailability } from "./availability.ts";
import { AvailabilityReads } from "./availability-reads.ts";
import type { Released } from "./booking.changes.ts";
import { nextExpiry } from "./booking.repository.ts";
import { expireBookings, sweepAll } from "./booking-sweep.ts";
import { EventActors } from "./event.actors.ts";
import { EventDirectory } from "./event.directory.ts";
import { HoldCommitter } from "./hold.committer.ts";
import { loadSeats, readSeats } from "./inventory.repository.ts";
import { Provisioner } from "./provisioner.ts";
import { SeatLocks } from "./seat.locks.ts";

export const SEATS_RELEASED = "seats.released";

interface DeskPorts {
  pool: Pool;
  broker: ServiceBroker;
  logger: Logger;
  /** Whether the database is known not to answer. */
  isAway(): boolean;
  wakeRelay(): void;
}

/** The working parts of booking on one node, and how they are joined. */
export class BookingDesk {
  readonly actors: EventActors;
  readonly availability: AvailabilityReads;
  readonly directory: EventDirectory;
  readonly provisioner: Provisioner;
  readonly #ports: DeskPorts;
  readonly #locks: SeatLocks;
  readonly #committer: HoldCommitter;
  /** Absent where seats are not locked. */
  readonly #redis: DependencyWatch | undefined;
  readonly #load: HealthPart = { hindrance: () => undefined, actors: () => this.actors.awake };

  constructor(ports: DeskPorts) {
    const { pool, broker, logger } = ports;
    const call = <T>(action: string, params: object): Promise<T> =>
      broker.call(action, params, {
        meta: { user: serviceCaller("booking") },
        timeout: config.timeouts.holdDeadlineMs,
      });
    this.#ports = ports;
    this.#locks = new SeatLocks({
      mode: config.seatLocks,
      urls: config.redisUrls,
      ttlMs: config.timeouts.seatLockMs,
      logger,
    });
    this.#redis = config.seatLocks === "off" ? undefined : watchOf(this.#locks, logger);
    this.#committer = new HoldCommitter({
      pool,
      locks: this.#locks,
      logger,
      isAway: () => ports.isAway(),
      wakeRelay: () => ports.wakeRelay(),
      expire: async (bookingIds) => this.announce(await expireBookings(pool, bookingIds)),
    });
    this.availability = new AvailabilityReads((query) => readAvailability(pool, query));
    this.provisioner = new Provisioner({ pool, call, logger, nodeId: config.nodeId });
    this.directory = new EventDirectory({ pool, call, onRecorded: () => this.provisioner.wake() });
    this.actors = new EventActors({
      requireOnShelf: (eventId) => this.directory.require(eventId),
      loadSeats: (eventId) => loadSeats(pool, eventId),
      readSeats: (eventId, seatIds) => readSeats(pool, eventId, seatIds),
      committer: this.#committer,
    });
  }

  async start(): Promise<void> {
    await this.#locks.connect();
    healthOf(this.#ports.broker).add(this.#load);
    if (this.#redis) healthOf(this.#ports.broker).add(this.#redis);
    this.#count();
    await this.#redis?.start();
    this.provisioner.wake();
  }

  /** Answers what is held, then lets go. */
  async stop(): Promise<void> {
    await this.#committer.drain();
    this.actors.stop();
    healthOf(this.#ports.broker).remove(this.#load);
    if (this.#redis) healthOf(this.#ports.broker).remove(this.#redis);
    await this.#redis?.stop();
    await Promise.all([this.provisioner.stop(), this.#locks.close()]);
  }

  /** Facts were written; seats may have come free: a hint to the actors of all nodes, which would find out within a second. */
  announce(released: Released[]): void {
    this.#ports.wakeRelay();
    if (released.length > 0) void this.#ports.broker.broadcast(SEATS_RELEASED, released);
  }

  #count(): void {
    const metrics = metricsOf(this.#ports.broker);
    const one = (value: number) => [{ value, labels: {} }];
    metrics.add("eventix_holds_waiting", () => one(this.#committer.waiting));
    metrics.add("eventix_holds_in_flight", () => one(this.#committer.inFlight));
    metrics.add("eventix_event_actors", () => one(this.actors.awake));
    metrics.add("eventix_batches_without_locks_total", () => one(this.#locks.skipped));
  }

  /** Expires all that is due. Any number of nodes may do so at once. */
  sweep(): Promise<{ expired: number }> {
    return sweepAll(this.#ports.pool, (released) => this.announce(released));
  }

  /** Sweeps when the earliest deadline has passed. */
  async sweepWhenDue(): Promise<void> {
    const dueInMs = await nextExpiry(this.#ports.pool);
    if (dueInMs !== undefined && dueInMs <= 0) await this.sweep();
  }
}

function watchOf(locks: SeatLocks, logger: Logger): DependencyWatch {
  const { required } = locks;
  return new DependencyWatch({ name: "redis", service: "booking", required, ask: () => locks.ping(), logger });
}
