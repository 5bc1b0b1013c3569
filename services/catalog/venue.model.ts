import { Model } from "objection";

/** A hall of an organizer: what keeps its identity while its seating plan gets new versions. */
export class Venue extends Model {
  static override tableName = "venues";

  declare id: string;
  declare organizerId: string;
  declare name: string;
  /** The newest version: what a new event gets. */
  declare version: number;
  declare categories?: VenueCategory[];

  static override get relationMappings() {
    return {
      categories: {
        relation: Model.HasManyRelation,
        modelClass: VenueCategory,
        join: { from: ["venues.id", "venues.version"], to: ["venueCategories.venueId", "venueCategories.version"] },
      },
    };
  }
}

/** A price class of one version of a venue. */
export class VenueCategory extends Model {
  static override tableName = "venueCategories";
  static override idColumn = ["venueId", "version", "name"];

  declare venueId: string;
  declare version: number;
  declare name: string;
  /** Its place in the plan. */
  declare position: number;
  declare seatCount: number;
}
