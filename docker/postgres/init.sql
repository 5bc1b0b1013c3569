-- Made by `npm run docs` from stack/postgres/databases.ts. Run once by the image, as superuser, on an empty volume.

\getenv eventix_catalog_password EVENTIX_CATALOG_PASSWORD
create role eventix_catalog login password :'eventix_catalog_password';
create database eventix_catalog_db owner eventix_catalog;

\getenv eventix_booking_password EVENTIX_BOOKING_PASSWORD
create role eventix_booking login password :'eventix_booking_password';
create database eventix_booking_db owner eventix_booking;

\getenv eventix_payment_password EVENTIX_PAYMENT_PASSWORD
create role eventix_payment login password :'eventix_payment_password';
create database eventix_payment_db owner eventix_payment;

revoke connect, temporary on database postgres, template1, eventix_catalog_db, eventix_booking_db, eventix_payment_db from public;

\connect eventix_catalog_db
create extension if not exists pg_stat_statements;
\connect eventix_booking_db
create extension if not exists pg_stat_statements;
\connect eventix_payment_db
create extension if not exists pg_stat_statements;
