/**
 * What each route answers to each kind of bad input. A cell is the answer to a request that is right but for what the column
 * says (bad-input-kinds.ts):
 *
 * - `ok`   answered as the right request is: what is bad about it is not looked at, or does no harm
 * - `204`  the answer to a preflight
 * - `401` and so on: the refusal that REFUSALS names for it
 * - `-`    cannot be asked of this route
 *
 * No cell changes a row. A new route fails the test until it has a line in every table.
 */
export const REFUSALS = {
  "401": "UNAUTHORIZED",
  "403": "FORBIDDEN",
  "403 signature": "SIGNATURE_INVALID",
  "404 event": "EVENT_NOT_FOUND",
  "404 venue": "VENUE_NOT_FOUND",
  "404 booking": "BOOKING_NOT_FOUND",
  "404 payment": "PAYMENT_NOT_FOUND",
  "405": "METHOD_NOT_ALLOWED",
  "413": "PAYLOAD_TOO_LARGE",
  "415": "UNSUPPORTED_MEDIA_TYPE",
  "422": "VALIDATION_ERROR",
  "422 seat": "SEAT_NOT_FOUND",
  "422 plan": "SEATING_PLAN_INVALID",
  "422 price": "PRICE_MISSING",
} as const;

/** Who asks. Where anyone may ask, no token is looked at; where any user may, no scope is. */
const WHO = `
                                         | no token | expired | issuer | audience | none | HS256 | kid | scope
GET /api/events                          | ok       | ok      | ok     | ok       | ok   | ok    | ok  | -
GET /api/events/:id                      | ok       | ok      | ok     | ok       | ok   | ok    | ok  | -
GET /api/events/:id/seats                | ok       | ok      | ok     | ok       | ok   | ok    | ok  | -
GET /api/events/:id/availability         | ok       | ok      | ok     | ok       | ok   | ok    | ok  | -
POST /api/bookings                       | 401      | 401     | 401    | 401      | 401  | 401   | 401 | -
GET /api/bookings/my                     | 401      | 401     | 401    | 401      | 401  | 401   | 401 | -
GET /api/bookings/:id                    | 401      | 401     | 401    | 401      | 401  | 401   | 401 | -
GET /api/bookings/:id/payment            | 401      | 401     | 401    | 401      | 401  | 401   | 401 | -
POST /api/bookings/:id/cancel            | 401      | 401     | 401    | 401      | 401  | 401   | 401 | -
POST /api/venues                         | 401      | 401     | 401    | 401      | 401  | 401   | 401 | 403
POST /api/events                         | 401      | 401     | 401    | 401      | 401  | 401   | 401 | 403
POST /api/events/:id/publish             | 401      | 401     | 401    | 401      | 401  | 401   | 401 | 403
POST /internal/events/:id/seats/validate | 401      | 401     | 401    | 401      | 401  | 401   | 401 | 403
POST /internal/events/:id/seats/prices   | 401      | 401     | 401    | 401      | 401  | 401   | 401 | 403
POST /webhooks/payments                  | ok       | ok      | ok     | ok       | ok   | ok    | ok  | -
`;

/**
 * How it is asked: with another method, by a page of another origin (first its preflight, then without a token), from a forged
 * address (without a token), with an unknown or repeated parameter in the query, with an Idempotency-Key that is none.
 */
const HOW = `
                                         | method | preflight | origin | address | query | twice | key
GET /api/events                          | 405    | 204       | ok     | ok      | 422   | 422   | -
GET /api/events/:id                      | 405    | 204       | ok     | ok      | 422   | 422   | -
GET /api/events/:id/seats                | 405    | 204       | ok     | ok      | 422   | 422   | -
GET /api/events/:id/availability         | 405    | 204       | ok     | ok      | 422   | 422   | -
POST /api/bookings                       | 405    | 204       | 401    | 401     | 422   | 422   | 422
GET /api/bookings/my                     | 405    | 204       | 401    | 401     | 422   | 422   | -
GET /api/bookings/:id                    | 405    | 204       | 401    | 401     | 422   | 422   | -
GET /api/bookings/:id/payment            | 405    | 204       | 401    | 401     | 422   | 422   | -
POST /api/bookings/:id/cancel            | 405    | 204       | 401    | 401     | 422   | 422   | -
POST /api/venues                         | 405    | 204       | 401    | 401     | 422   | 422   | 422
POST /api/events                         | 405    | 204       | 401    | 401     | 422   | 422   | 422
POST /api/events/:id/publish             | 405    | 204       | 401    | 401     | 422   | 422   | 422
POST /internal/events/:id/seats/validate | 405    | 204       | 401    | 401     | 422   | 422   | -
POST /internal/events/:id/seats/prices   | 405    | 204       | 401    | 401     | 422   | 422   | -
POST /webhooks/payments                  | 405    | 204       | 415    | 415     | 422   | 422   | -
`;

/** Which thing is asked for, in the path or by the body. What is another's is as if it did not exist. */
const WHICH = `
                                         | no id | NUL id | unknown id  | another's id
GET /api/events                          | -     | -      | -           | -
GET /api/events/:id                      | 422   | 422    | 404 event   | 404 event
GET /api/events/:id/seats                | 422   | 422    | 404 event   | 404 event
GET /api/events/:id/availability         | 422   | 422    | 404 event   | 404 event
POST /api/bookings                       | 422   | 422    | 404 event   | 404 event
GET /api/bookings/my                     | -     | -      | -           | -
GET /api/bookings/:id                    | 422   | 422    | 404 booking | 404 booking
GET /api/bookings/:id/payment            | 422   | 422    | 404 payment | 404 payment
POST /api/bookings/:id/cancel            | 422   | 422    | 404 booking | 404 booking
POST /api/venues                         | -     | -      | -           | -
POST /api/events                         | 422   | 422    | 404 venue   | 404 venue
POST /api/events/:id/publish             | 422   | 422    | 404 event   | 404 event
POST /internal/events/:id/seats/validate | 422   | 422    | 404 event   | 404 event
POST /internal/events/:id/seats/prices   | 422   | 422    | 404 event   | 404 event
POST /webhooks/payments                  | -     | -      | -           | -
`;

/** The body as a whole. A GET's is not looked at. */
const BODY = `
                                         | broken        | list          | type | encoding | too big | too deep      | 10,000 seats
GET /api/events                          | ok            | ok            | ok   | ok       | ok      | ok            | ok
GET /api/events/:id                      | ok            | ok            | ok   | ok       | ok      | ok            | ok
GET /api/events/:id/seats                | ok            | ok            | ok   | ok       | ok      | ok            | ok
GET /api/events/:id/availability         | ok            | ok            | ok   | ok       | ok      | ok            | ok
POST /api/bookings                       | 422           | 422           | 415  | 415      | 413     | 422           | 413
GET /api/bookings/my                     | ok            | ok            | ok   | ok       | ok      | ok            | ok
GET /api/bookings/:id                    | ok            | ok            | ok   | ok       | ok      | ok            | ok
GET /api/bookings/:id/payment            | ok            | ok            | ok   | ok       | ok      | ok            | ok
POST /api/bookings/:id/cancel            | 422           | 422           | 415  | 415      | 413     | 422           | 413
POST /api/venues                         | 422 plan      | 422 plan      | 415  | 415      | 413     | 422 plan      | 422 plan
POST /api/events                         | 422           | 422           | 415  | 415      | 413     | 422           | 413
POST /api/events/:id/publish             | 422           | 422           | 415  | 415      | 413     | 422           | 413
POST /internal/events/:id/seats/validate | 422           | 422           | 415  | 415      | 413     | 422           | 413
POST /internal/events/:id/seats/prices   | 422           | 422           | 415  | 415      | 413     | 422           | 413
POST /webhooks/payments                  | 403 signature | 403 signature | 415  | 415      | 413     | 403 signature | 413
`;

/** Each field of the body and of the query in turn; a refusal names it. */
const FIELDS = `
                                         | missing  | wrong value | too long | text     | query value | unknown field | prototype | a seat twice
GET /api/events                          | -        | -           | -        | -        | 422         | -             | -         | -
GET /api/events/:id                      | -        | -           | -        | -        | -           | -             | -         | -
GET /api/events/:id/seats                | -        | -           | -        | -        | -           | -             | -         | -
GET /api/events/:id/availability         | -        | -           | -        | -        | -           | -             | -         | -
POST /api/bookings                       | 422      | 422         | 422      | 422      | -           | 422           | 422       | 422
GET /api/bookings/my                     | -        | -           | -        | -        | 422         | -             | -         | -
GET /api/bookings/:id                    | -        | -           | -        | -        | -           | -             | -         | -
GET /api/bookings/:id/payment            | -        | -           | -        | -        | -           | -             | -         | -
POST /api/bookings/:id/cancel            | -        | -           | -        | -        | -           | 422           | 422       | -
POST /api/venues                         | 422 plan | 422 plan    | 422 plan | 422 plan | 422         | -             | 422 plan  | -
POST /api/events                         | 422      | 422         | 422      | 422      | -           | 422           | 422       | -
POST /api/events/:id/publish             | -        | -           | -        | -        | -           | 422           | 422       | -
POST /internal/events/:id/seats/validate | 422      | 422         | 422      | 422      | -           | 422           | 422       | ok
POST /internal/events/:id/seats/prices   | 422      | 422         | 422      | 422      | -           | 422           | 422       | ok
POST /webhooks/payments                  | -        | -           | -        | -        | -           | -             | -         | -
`;

export const TABLES = {
  "who asks": WHO,
  "how it asks": HOW,
  "which it asks for": WHICH,
  "its body": BODY,
  "its fields": FIELDS,
};

/** Lines by route, cells by column. */
export function read(table: string): Map<string, Record<string, string>> {
  const [[, ...columns] = [], ...lines] = table
    .trim()
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()));
  return new Map(
    lines.map(([route = "", ...cells]) => [
      route,
      Object.fromEntries(columns.map((name, i) => [name, cells[i] ?? ""])),
    ]),
  );
}
