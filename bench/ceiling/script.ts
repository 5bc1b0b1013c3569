/**
 * One transaction as two pipelines, the least that an application must wait; `:a` is the first of the seats that are its own, and
 * `:at` how many seats this client has asked for.
 */
export interface Script {
  flights: readonly (readonly string[])[];
  bookings: number;
}

/** Each booking takes two seats. */
export const SEATS_A_BOOKING = 2;

/** Ids of bookings grow with time as ours do, by uuid v7, so that new ones meet on one page of an index. */
const bookingId = (at: string) =>
  `(lpad(to_hex(${at}), 12, '0') || '70008000' || lpad(to_hex(:client_id::int), 12, '0'))::uuid`;

/** The statements, tables and indexes of a hold, for one booking. */
export const onePerTransaction = (eventId: string): Script => ({
  bookings: 1,
  flights: [
    [
      "begin",
      `select s.event_id, s.seat_id, s.seat_index, s.price_minor, s.status, s.booking_id, s.held_until, s.version
       from seat_inventory s
       where event_id = '${eventId}' and seat_id in (md5('${eventId}:' || :a)::uuid, md5('${eventId}:' || :b)::uuid)
       order by event_id, seat_id for update`,
      terms(eventId),
    ],
    [
      `insert into bookings (event_id, id, organizer_id, user_id, status, total_minor, currency, expires_at, correlation_id,
                             created_at, updated_at)
       values ('${eventId}', ${bookingId(":at::int")}, 'bench', 'buyer-' || :client_id, 'PENDING', 5000, 'EUR',
               clock_timestamp() + interval '1 hour', md5('c' || :a), clock_timestamp(), clock_timestamp())`,
      `insert into booking_items (event_id, booking_id, seat_id, price_minor)
       values ('${eventId}', ${bookingId(":at::int")}, md5('${eventId}:' || :a)::uuid, 2500),
              ('${eventId}', ${bookingId(":at::int")}, md5('${eventId}:' || :b)::uuid, 2500)`,
      `update seat_inventory set status = 'HELD', booking_id = ${bookingId(":at::int")},
              held_until = clock_timestamp() + interval '1 hour', version = version + 1
       where event_id = '${eventId}' and seat_id in (md5('${eventId}:' || :a)::uuid, md5('${eventId}:' || :b)::uuid)`,
      `insert into outbox (fact_id, topic, key, value)
       values (uuidv7(), 'booking.created', convert_to(md5('b' || :a), 'UTF8'), convert_to(repeat('x', 700), 'UTF8')),
              (uuidv7(), 'seat.changed', convert_to('${eventId}', 'UTF8'), convert_to(repeat('x', 500), 'UTF8'))`,
      "commit",
    ],
  ],
});

const BATCH = 64;

/** The same for 64 bookings at once, each statement once; one fact tells of all their seats. */
export const inBatches = (eventId: string): Script => {
  const seat = `md5('${eventId}:' || n)::uuid`;
  const booking = (n: string) => bookingId(`(:at::int + ${n} - :a::int)`);
  const seats = `generate_series(:a::int, :a::int + ${BATCH * SEATS_A_BOOKING - 1})`;
  const bookings = `generate_series(:a::int, :a::int + ${BATCH * SEATS_A_BOOKING - 1}, ${SEATS_A_BOOKING})`;
  return {
    bookings: BATCH,
    flights: [
      [
        "begin",
        `select s.event_id, s.seat_id, s.seat_index, s.price_minor, s.status, s.booking_id, s.held_until, s.version
         from seat_inventory s join (select ${seat} as seat_id from ${seats} n) k using (seat_id)
         where s.event_id = '${eventId}' order by s.event_id, s.seat_id for update of s`,
        terms(eventId),
      ],
      [
        `insert into bookings (event_id, id, organizer_id, user_id, status, total_minor, currency, expires_at, correlation_id,
                               created_at, updated_at)
         select '${eventId}', ${booking("n")}, 'bench', 'buyer-' || :client_id, 'PENDING', 5000, 'EUR',
                clock_timestamp() + interval '1 hour', md5('c' || n), clock_timestamp(), clock_timestamp()
         from ${bookings} n`,
        `insert into booking_items (event_id, booking_id, seat_id, price_minor)
         select '${eventId}', ${booking("(n - n % 2)")}, ${seat}, 2500 from ${seats} n`,
        `update seat_inventory s set status = 'HELD', booking_id = k.booking_id,
                held_until = clock_timestamp() + interval '1 hour', version = version + 1
         from (select ${seat} as seat_id, ${booking("(n - n % 2)")} as booking_id from ${seats} n) k
         where s.event_id = '${eventId}' and s.seat_id = k.seat_id`,
        `insert into outbox (fact_id, topic, key, value)
         select uuidv7(), 'booking.created', convert_to(md5('b' || n), 'UTF8'), convert_to(repeat('x', 700), 'UTF8')
         from ${bookings} n
         union all
         select uuidv7(), 'seat.changed', convert_to('${eventId}', 'UTF8'),
                convert_to(repeat('x', ${120 * BATCH * SEATS_A_BOOKING}), 'UTF8')`,
        "commit",
      ],
    ],
  };
};

const terms = (eventId: string) => `select e.*, clock_timestamp() from event_inventory e where event_id = '${eventId}'`;
