import { Model } from "objection";
import { EventSeatPrice } from "./event-seat-price.model.ts";
import { Seat } from "./seat.model.ts";
import { Venue } from "./venue.model.ts";

/** Something that seats are sold for: one date on one version of a venue. */
export class Event extends Model {
  static override tableName = "events";

  declare id: string;
  declare organizerId: string;
  declare venueId: string;
  /** Kept from the event's creation on, whatever becomes of the venue. */
  declare venueVersion: number;
  declare name: string;
  declare startsAt: Date;
  declare currency: string;
  declare holdSeconds: number;
  declare maxSeats: number;
  declare saleFrom: Date | null;
  declare saleUntil: Date | null;
  declare status: "DRAFT" | "PUBLISHED";
  /** Rises with every change of a published event's terms. */
  declare version: number;
  declare venue?: Venue;
  declare prices?: EventSeatPrice[];

  static override get relationMappings() {
    return {
      venue: {
        relation: Model.BelongsToOneRelation,
        modelClass: Venue,
        join: { from: "events.venueId", to: "venues.id" },
      },
      prices: {
        relation: Model.HasManyRelation,
        modelClass: EventSeatPrice,
        join: { from: "events.id", to: "eventSeatPrices.eventId" },
      },
      seats: {
        relation: Model.HasManyRelation,
        modelClass: Seat,
        join: { from: ["events.venueId", "events.venueVersion"], to: ["seats.venueId", "seats.version"] },
      },
    };
  }
}
