import { Model } from "objection";

/** What an event asks for each seat of one category. */
export class EventSeatPrice extends Model {
  static override tableName = "eventSeatPrices";
  static override idColumn = ["eventId", "category"];

  declare eventId: string;
  declare category: string;
  /** A bigint of Postgres, which arrives as text. */
  declare priceMinor: string;
}
