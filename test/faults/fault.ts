import type { Buyer, Hall } from "./buyer.ts";
import type { Evidence } from "./checker.ts";
import type { History } from "./history.ts";
import type { Told } from "./publish.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** Services of nodes by their names; a node that is not named does not run. */
export type Roles = Readonly<Record<string, readonly string[]>>;

/** What a fault is thrown at: a world under load. */
export interface Stage {
  world: World;
  random: Random;
  halls: readonly Hall[];
  /** When the run began: no fact about its events is older. */
  since: Date;
  history: History;
  buyers: ReadonlyMap<string, Buyer>;
  /** How many keyed requests are in each gateway just now, by its URL. */
  keyedIn: ReadonlyMap<string, number>;
  /** What a fault put on its way and has to be on its topic when all is quiet, be it as a dead letter. */
  owed: Told[];
}

/** A server, to which whoever uses it may lose the connection. */
export type Breakable = "postgres" | "kafka";

/** Whether a fault met what it names; or how that is seen when all is quiet. */
export type Bite = boolean | ((quiet: Evidence) => boolean | Promise<boolean>);

export interface Fault {
  name: string;
  what: string;
  /** Settings that the nodes of such a run have on top. */
  settings?: Record<string, string>;
  /** Services that no node runs until the fault lets them. */
  without?: readonly string[];
  /** Nodes that in such a run see each other and no others. */
  apart?: readonly string[];
  /** What the nodes of such a run do, where it is not the usual. */
  roles?: Roles;
  /** How long holds live in such a run. */
  holdSeconds?: number;
  /** Seats of the events of such a run, where the usual ones would be sold out before it is over. */
  halls?: readonly number[];
  /** Postgres and the nodes that sell go on as ever, so that what runs out is swept in time all along. */
  sparesSweeps?: true;
  /** It is there from the first request on. */
  fromStart?: true;
  /** Takes so long that it is only thrown when it is asked for by name. */
  long?: true;
  /** Clients of this server lose their connections, those of other faults of the run too: these then do what they can. */
  breaks?: Breakable;
  /**
   * Resolves when the fault is over, or has done what it lasts for: what it leaves is healed at the end of the load. Tells whether
   * it bit: one that met nothing is not counted. Throws what it finds wrong by itself, and all that it did not expect.
   */
  strike(stage: Stage): Promise<Bite>;
}

/** What a fault saw that must never be, other than through the clients of the run. */
export class Found extends Error {
  override name = "Found";
  readonly invariant: string;

  constructor(invariant: string, problem: string) {
    super(problem);
    this.invariant = invariant;
  }
}
