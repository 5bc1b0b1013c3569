import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readConfig, SETTINGS } from "#config";
import { unfoldSecretFiles } from "../../setting.ts";

const URL = "postgres://eventix_booking:s3cret@db:5432/eventix_booking_db";

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "eventix-secrets-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(text: string): string {
  const file = join(folder, `secret-${Math.random().toString(36).slice(2)}`);
  writeFileSync(file, text);
  return file;
}

test("a secret may lie in a file that NAME_FILE names, as Docker and Kubernetes mount it, with a line break or without", () => {
  for (const text of [URL, `${URL}\n`, `${URL}\r\n`]) {
    const config = readConfig({ DATABASE_URL_BOOKING_FILE: fileWith(text) });
    assert.equal(config.bookingDatabaseUrl, URL);
  }
});

test("every secret setting can be given by a file, and no other setting", () => {
  const secrets = Object.values(SETTINGS).filter((one) => "isSecret" in one);
  assert(secrets.length >= 9);
  for (const { env } of secrets.filter(({ env }) => !Object.values(SETTINGS).some((s) => s.env === `${env}_FILE`))) {
    assert.throws(() => readConfig({ [`${env}_FILE`]: join(folder, "none") }), new RegExp(`${env}_FILE=.*ENOENT`), env);
  }
  assert.equal(readConfig({ NAMESPACE_FILE: fileWith("other") }).namespace, "eventix");
});

describe("a start is refused, naming both, when", () => {
  const cases: [what: string, env: () => Record<string, string>, says: RegExp][] = [
    [
      "a secret is given twice",
      () => ({ REDIS_URL: "redis://a", REDIS_URL_FILE: fileWith("redis://b") }),
      /REDIS_URL: is given twice: unset it, or REDIS_URL_FILE$/,
    ],
    [
      "its file is not there",
      () => ({ REDIS_URL_FILE: "/none/such" }),
      /REDIS_URL: REDIS_URL_FILE=\/none\/such .*ENOENT/,
    ],
    [
      "its file is a folder",
      () => ({ REDIS_URL_FILE: folder }),
      /REDIS_URL: REDIS_URL_FILE=.* cannot be read \(EISDIR/,
    ],
    ["its file is empty", () => ({ REDIS_URL_FILE: fileWith("\n") }), /REDIS_URL: REDIS_URL_FILE=.* is empty$/],
  ];
  for (const [what, env, says] of cases) test(what, () => assert.throws(() => readConfig(env()), { message: says }));
});

test("what a file holds is checked like any value, and never shown", () => {
  const refused = () => readConfig({ REDIS_URL_FILE: fileWith("hunter2-hunter2") });
  assert.throws(refused, (error: Error) => {
    assert.match(error.message, /REDIS_URL: must be a URL like/);
    return !error.message.includes("hunter2");
  });
});

test("commands find in their environment what its files hold", () => {
  const env: NodeJS.ProcessEnv = { DATABASE_URL_BOOKING_FILE: fileWith(URL), REDIS_URL_FILE: "/none/such", PORT: "1" };
  unfoldSecretFiles(SETTINGS, env);
  assert.deepEqual(env, { DATABASE_URL_BOOKING: URL, REDIS_URL_FILE: "/none/such", PORT: "1" });
});
