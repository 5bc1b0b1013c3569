import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readConfig } from "#config";
import { WebhookSecrets } from "../../services/payment/webhook-secrets.ts";
import { recordingLogger } from "../facts/fixture.ts";
import { until } from "../support/until.ts";
import { newSecret } from "./support/webhook.ts";

const folder = mkdtempSync(join(tmpdir(), "eventix-webhook-secrets-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "secrets");
const write = (...lines: string[]) => writeFileSync(file, `${lines.join("\n")}\n`);

test("a secret that is added to the file is known without a restart, one that is taken out no longer", async () => {
  const [fixed, old, fresh] = [newSecret(), newSecret(), newSecret()];
  write(old);
  const secrets = new WebhookSecrets({ fixed: [fixed], file, logger: recordingLogger().logger });
  assert.deepEqual(secrets.current, [fixed, old]);
  write(old, fresh);
  await until(() => secrets.current.includes(fresh), { what: "the new secret" });
  assert.deepEqual(secrets.current, [fixed, old, fresh]);
  write(fresh);
  await until(() => !secrets.current.includes(old), { what: "the old secret to be gone" });
});

test("a file that holds what is no secret leaves those known before, and says so without showing any", async () => {
  const good = newSecret();
  write(good);
  const { logger, lines } = recordingLogger();
  const secrets = new WebhookSecrets({ fixed: [], file, logger });
  assert.deepEqual(secrets.current, [good]);
  write(good, "whsec_hunter2");
  await until(() => secrets.current.length === 1 && lines.some((line) => line.startsWith("error")), {
    what: "the error",
  });
  assert.deepEqual(secrets.current, [good]);
  rmSync(file);
  await until(() => secrets.current.length === 1 && lines.filter((line) => line.startsWith("error")).length > 1, {
    what: "the second error",
  });
  assert.deepEqual(secrets.current, [good]);
  assert.ok(!lines.join("\n").includes("hunter2"));
});

test("settings take several secrets, and refuse what is none without showing it", () => {
  const [one, two] = [newSecret(), newSecret()];
  assert.deepEqual(readConfig({ PAYMENT_WEBHOOK_SECRETS: `${one}, ${two}` }).paymentWebhookSecrets, [one, two]);
  for (const wrong of ["hunter2", `${one},hunter2`, "whsec_hunter2", `${one}!hunter2`]) {
    assert.throws(
      () => readConfig({ PAYMENT_WEBHOOK_SECRETS: wrong }),
      ({ message }: Error) => message.includes("PAYMENT_WEBHOOK_SECRETS") && !message.includes("hunter2"),
    );
  }
});
