import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { connected, DATABASE_SERVICES } from "#stack/postgres/databases.ts";
import { migrateService } from "../../migrations/migrate.ts";
import { emptyDatabase, freshDatabase } from "../support/database.ts";
import { schemaText } from "./support/schema-text.ts";

for (const service of DATABASE_SERVICES) {
  suite(`migrations/${service}/schema.sql`, async () => {
    const made = await connected(await freshDatabase(service), schemaText);

    test("is what the migrations make; `npm run schema` writes it anew", (t) => {
      const file = fileURLToPath(new URL(`../../migrations/${service}/schema.sql`, import.meta.url));
      t.assert.fileSnapshot(made, file, { serializers: [String] });
    });

    test("makes the very same schema on an empty database", async () => {
      const again = await connected(await emptyDatabase(service), async (client) => {
        await client.query(made);
        return schemaText(client);
      });
      assert.equal(again, made);
    });
  });
}

test("a database that a later version has migrated is left as it is", async () => {
  const url = await freshDatabase("booking");
  await connected(url, (client) =>
    client.query("insert into knex_migrations (name, batch, migration_time) values ('9999_later.ts', 9, now())"),
  );
  assert.equal(await migrateService("booking", url, assert.fail), 0);
});

test("what cannot be put into words is named instead of left out", async () => {
  const refused: [create: string, named: RegExp][] = [
    ["create view v as select 1", /relation v/],
    ["create sequence s", /relation s/],
    ["create type mood as enum ('fine')", /type mood/],
    ["create function f() returns int language sql as 'select 1'", /function f/],
    ['create table t (x text collate "C")', /collation of x/],
  ];
  for (const [create, named] of refused) {
    await connected(await emptyDatabase("catalog"), async (client) => {
      await client.query(create);
      await assert.rejects(schemaText(client), named);
    });
  }
});
