#!/bin/sh
# Made by `npm run docs` from contracts/topics.ts. Topics that are there stay as they are.
set -eu

rpk topic create event.published --if-not-exists -p 6 -r 1 -c cleanup.policy=compact -c retention.ms=604800000 -c max.message.bytes=1048576
rpk topic create event.published.dlq --if-not-exists -p 1 -r 1 -c cleanup.policy=delete -c retention.ms=2419200000 -c max.message.bytes=2097152
rpk topic create booking.created --if-not-exists -p 6 -r 1 -c cleanup.policy=delete -c retention.ms=604800000 -c max.message.bytes=1048576
rpk topic create booking.created.dlq --if-not-exists -p 1 -r 1 -c cleanup.policy=delete -c retention.ms=2419200000 -c max.message.bytes=2097152
rpk topic create booking.confirmed --if-not-exists -p 6 -r 1 -c cleanup.policy=delete -c retention.ms=604800000 -c max.message.bytes=1048576
rpk topic create booking.confirmed.dlq --if-not-exists -p 1 -r 1 -c cleanup.policy=delete -c retention.ms=2419200000 -c max.message.bytes=2097152
rpk topic create booking.cancelled --if-not-exists -p 6 -r 1 -c cleanup.policy=delete -c retention.ms=604800000 -c max.message.bytes=1048576
rpk topic create booking.cancelled.dlq --if-not-exists -p 1 -r 1 -c cleanup.policy=delete -c retention.ms=2419200000 -c max.message.bytes=2097152
rpk topic create booking.expired --if-not-exists -p 6 -r 1 -c cleanup.policy=delete -c retention.ms=604800000 -c max.message.bytes=1048576
rpk topic create booking.expired.dlq --if-not-exists -p 1 -r 1 -c cleanup.policy=delete -c retention.ms=2419200000 -c max.message.bytes=2097152
rpk topic create booking.refund_due --if-not-exists -p 6 -r 1 -c cleanup.policy=delete -c retention.ms=604800000 -c max.message.bytes=1048576
rpk topic create booking.refund_due.dlq --if-not-exists -p 1 -r 1 -c cleanup.policy=delete -c retention.ms=2419200000 -c max.message.bytes=2097152
rpk topic create payment.success --if-not-exists -p 6 -r 1 -c cleanup.policy=delete -c retention.ms=604800000 -c max.message.bytes=1048576
rpk topic create payment.success.dlq --if-not-exists -p 1 -r 1 -c cleanup.policy=delete -c retention.ms=2419200000 -c max.message.bytes=2097152
rpk topic create payment.failed --if-not-exists -p 6 -r 1 -c cleanup.policy=delete -c retention.ms=604800000 -c max.message.bytes=1048576
rpk topic create payment.failed.dlq --if-not-exists -p 1 -r 1 -c cleanup.policy=delete -c retention.ms=2419200000 -c max.message.bytes=2097152
rpk topic create payment.refunded --if-not-exists -p 6 -r 1 -c cleanup.policy=delete -c retention.ms=604800000 -c max.message.bytes=1048576
rpk topic create payment.refunded.dlq --if-not-exists -p 1 -r 1 -c cleanup.policy=delete -c retention.ms=2419200000 -c max.message.bytes=2097152
rpk topic create seat.changed --if-not-exists -p 6 -r 1 -c cleanup.policy=delete -c retention.ms=604800000 -c max.message.bytes=1048576
rpk topic create seat.changed.dlq --if-not-exists -p 1 -r 1 -c cleanup.policy=delete -c retention.ms=2419200000 -c max.message.bytes=2097152
