import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { test } from "node:test";
import { METRICS } from "#broker/node-metrics.ts";
import { TOPIC_DEFINITIONS } from "#contracts/topics.ts";
import { textOf } from "./support/pages.ts";

const page = textOf("docs/operations.md");
const section = (title: string) => page.split(/^## /m).find((part) => part.startsWith(title)) ?? assert.fail(title);
const schema = textOf("migrations/booking/schema.sql");

const distributed = new Map(
  [...page.matchAll(/create_distributed_table\('(\w+)', '(\w+)'/g)].map(([, table, column]) => [
    table as string,
    column,
  ]),
);
const local = [...page.matchAll(/citus_add_local_table_to_metadata\('(\w+)'/g)].map(([, table]) => table as string);

test("every table of booking is distributed or said to stay", () => {
  const tables = [...schema.matchAll(/^create table (\w+) \(/gm)].map(([, table]) => table as string);
  assert.deepEqual([...distributed.keys(), ...local].sort(), tables.sort());
});

test("every unique index and key of a distributed table holds its distribution column, as Citus demands", () => {
  const keys = [...schema.matchAll(/^create table (\w+) \(([\s\S]*?)^\)/gm)].flatMap(([, table = "", body = ""]) =>
    [...body.matchAll(/(?:PRIMARY KEY|UNIQUE) \(([^)]+)\)/g)].map(([, columns = ""]) => ({ table, columns })),
  );
  const indexes = [...schema.matchAll(/^CREATE UNIQUE INDEX \w+ ON (\w+) USING btree \(([^)]+)\)/gm)].map(
    ([, table = "", columns = ""]) => ({ table, columns }),
  );
  assert.ok(keys.length >= distributed.size && indexes.length >= 3);
  for (const { table, columns } of [...keys, ...indexes]) {
    const column = distributed.get(table);
    if (column) assert.ok(columns.split(", ").includes(column), `${table} (${columns}) lacks ${column}`);
  }
  assert.doesNotMatch(schema, /FOREIGN KEY/, "it would have to hold the distribution column too");
});

test("of every statement of booking it is said what it would meet there", () => {
  const files = globSync("services/booking/{*.repository.ts,sql/*.sql.ts}");
  const made = files.flatMap((file) =>
    [...textOf(file).matchAll(/"((?:bookings?|booking-items|hold|inventory|loading|seats)-[a-z-]+)"/g)].map(
      ([, name]) => name,
    ),
  );
  const told = [
    ...section("Postgres past").matchAll(/`((?:bookings?|booking-items|hold|inventory|loading|seats)-[a-z-]+)`/g),
  ];
  assert.deepEqual(told.map(([, name]) => name).sort(), [...new Set(made)].sort());
});

test("alerts are about metrics that there are", () => {
  const named = new Set([...section("What pages whom").matchAll(/eventix_\w+/g)].map(([name]) => name));
  const unknown = [...named].filter((name) => !(name.replace(/_(count|bucket)$/, "") in METRICS));
  assert.deepEqual(unknown, []);
});

test("what is to be nought is so where nothing was ever counted, too", () => {
  const alerts = [...section("What pages whom").matchAll(/`([^`]*sum\([^`]*== 0)`/g)].map(([, alert = ""]) => alert);
  assert.ok(alerts.length > 0);
  for (const alert of alerts) assert.match(alert, /^\(sum\(.*\) or vector\(0\)\) == 0$/);
});

test("commands of Kafka log in as the example's nodes have to", () => {
  const commands = [...page.replaceAll("\\\n", "").matchAll(/^ *kafka-\S+\.sh .*$/gm)].map(([command]) => command);
  assert.equal(commands.length, 2);
  for (const command of commands) assert.match(command, / --command-config client\.properties /);
  const [, mechanism = ""] = /KAFKA_SASL_MECHANISM=(\S+)/.exec(textOf("deploy/example/kustomization.yaml")) ?? [];
  assert.ok(page.includes(`sasl.mechanism=${mechanism.toUpperCase()}\n`));
});

test("every row of every table has as many cells as its head", () => {
  for (const [table] of page.matchAll(/^\|.*\n(?:\|.*\n)+/gm)) {
    const cells = table
      .trimEnd()
      .split("\n")
      .map((row) => row.split(/(?<!\\)\|/).length);
    assert.equal(new Set(cells).size, 1, table);
  }
});

test("the number of partitions is that of the facts", () => {
  const facts = TOPIC_DEFINITIONS.filter(({ name }) => !name.endsWith(".dlq"));
  const [, told] = /Facts have (\d+) partitions/.exec(page) ?? [];
  assert.deepEqual([...new Set(facts.map(({ partitions }) => partitions))], [Number(told)]);
});
