import { Model } from "objection";

/** A seat of one version of a venue; rows are never changed. */
export class Seat extends Model {
  static override tableName = "seats";
  static override idColumn = ["venueId", "version", "seatIndex"];

  declare venueId: string;
  declare version: number;
  /** 0…n-1 by zone, row, place in the row. */
  declare seatIndex: number;
  /** uuid v5 of venue and guid: the same seat in every version. */
  declare id: string;
  declare guid: string;
  declare zoneIndex: number;
  declare zoneName: string;
  declare rowIndex: number;
  declare rowName: string;
  declare seatNumber: string;
  declare x: number;
  declare y: number;
  declare category: string;
}
