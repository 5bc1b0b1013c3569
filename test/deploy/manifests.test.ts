import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { METRICS } from "#broker/node-metrics.ts";
import { STOP_WITHIN_MS } from "#broker/process.ts";
import { readConfig, SETTINGS, withoutDevelopment } from "#config";
import { DATABASE_SERVICES, urlVariable } from "#stack/postgres/databases.ts";
import { dockerfileStages, root } from "../stack/support/compose-file.ts";
import { eventix, NO_SERVERS_GIVEN } from "../support/command.ts";
import { emptyDatabase } from "../support/database.ts";
import { schemaProblems, unknownNames } from "./support/kubernetes-schema.ts";
import { kustomize, type Resource } from "./support/kustomize.ts";

/** deploy/ as kustomize makes it for the example overlay, against the schemas of Kubernetes and the definitions of the code. */
const resources = kustomize(join(root, "deploy/example"));
const ROLES = ["gateway", "booking", "catalog", "payment"];
const of = (kind: string) => resources.filter((one) => one.kind === kind);
const named = (kind: string, name: string) =>
  of(kind).find(({ metadata }) => metadata.name === name) ?? assert.fail(`no ${kind} ${name}`);
const podOf = (name: string) => (name === "migrate" ? named("Job", name) : named("Deployment", name)).spec.template;
const containerOf = (name: string) => {
  const { containers } = podOf(name).spec;
  assert.equal(containers.length, 1);
  return containers[0];
};
const image = Object.fromEntries(
  (dockerfileStages().at(-1) ?? [])
    .filter(({ name }) => name === "ENV")
    .flatMap(({ rest }) => rest.split(/\s+/).map((pair) => pair.split("="))),
);

/** By the heading of the example: which Secret has which keys. */
const SECRETS: Record<string, readonly string[]> = Object.fromEntries(
  [
    ...readFileSync(join(root, "deploy/example/kustomization.yaml"), "utf8").matchAll(/^# {3}(eventix-\S+) +(.+)$/gm),
  ].map(([, name, keys = ""]) => [name, keys.split(", ")]),
);

test("every object is one of its kind, by the schema and by the compiler", async () => {
  assert.deepEqual((await Promise.all(resources.map(schemaProblems))).flat(), []);
  assert.deepEqual(await unknownNames(resources), []);
});

test("the schemas and the compiler refuse what is wrong", async () => {
  const change = (over: (pod: Record<string, unknown>) => void): Resource => {
    const copy = structuredClone(named("Deployment", "booking"));
    over(copy.spec.template.spec.containers[0]);
    return copy;
  };
  const typed = change((container) => Object.assign(container, { ports: [{ containerPort: "http" }] }));
  const missing = change((container) => delete container.name);
  const misspelt = change((container) => Object.assign(container, { readynessProbe: {} }));
  for (const one of [typed, missing]) assert.equal((await schemaProblems(one)).length, 1);
  const [problem = "", ...more] = await unknownNames([misspelt]);
  assert.match(problem, /readynessProbe/);
  assert.deepEqual(more, []);
});

test("a Deployment, a disruption budget and pods by the same labels for every role, and one image for all", () => {
  assert.deepEqual(
    of("Deployment")
      .map(({ metadata }) => metadata.name)
      .sort(),
    ROLES.toSorted(),
  );
  for (const role of ROLES) {
    const labels = { "app.kubernetes.io/name": "eventix", "app.kubernetes.io/component": role };
    const { spec } = named("Deployment", role);
    assert.deepEqual([spec.selector.matchLabels, spec.template.metadata.labels], [labels, labels]);
    assert.deepEqual(named("PodDisruptionBudget", role).spec.selector.matchLabels, labels);
    const fewest = spec.replicas ?? named("HorizontalPodAutoscaler", role).spec.minReplicas;
    assert.ok(fewest > named("PodDisruptionBudget", role).spec.maxUnavailable, "an eviction would take all");
    for (const spread of spec.template.spec.topologySpreadConstraints) {
      assert.ok(
        [...Object.keys(spread.labelSelector.matchLabels), ...spread.matchLabelKeys].every((key) => key in labels),
      );
    }
  }
  const images = new Set([...ROLES, "migrate"].map((name) => containerOf(name).image));
  assert.deepEqual([...images], ["registry.example/eventix:0.1.0"]);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  assert.ok([...images][0]?.endsWith(`:${version}`), "the example names another version than package.json");
  assert.deepEqual(named("Service", "gateway").spec.selector, podOf("gateway").metadata.labels);
});

/** What a pod's node reads: variables of its own, then those of its ConfigMaps; a file's content stands for what is in it. */
function environmentOf(name: string): Record<string, string> {
  const { env = [], envFrom = [] } = containerOf(name);
  const maps = envFrom.map(
    (from: { configMapRef: { name: string } }) => named("ConfigMap", from.configMapRef.name).data,
  );
  const own = env.map(({ name, value }: { name: string; value?: string }) => [name, value ?? "a-pod"]);
  return Object.assign({}, ...maps, Object.fromEntries(own));
}

const known = new Set(Object.values(SETTINGS).map(({ env }) => env as string));
const secrets = new Set(Object.values(SETTINGS).flatMap((one) => ("isSecret" in one ? [one.env as string] : [])));

/** Where the files of a pod come from: path → Secret and key. */
function filesOf(name: string): Map<string, string> {
  const files = new Map<string, string>();
  const { volumes = [] } = podOf(name).spec;
  for (const { name: volume, mountPath, readOnly } of containerOf(name).volumeMounts ?? []) {
    assert.equal(readOnly, true);
    const from = volumes.find((one: { name: string }) => one.name === volume) ?? assert.fail(`no volume ${volume}`);
    const sources = from.projected
      ? from.projected.sources.map((one: { secret: object }) => one.secret)
      : [{ name: from.secret.secretName }];
    for (const { name: secret, items } of sources) {
      const keys = SECRETS[secret] ?? assert.fail(`the example does not name the Secret ${secret}`);
      for (const { key, path } of items ?? keys.map((key) => ({ key, path: key }))) {
        assert.ok(keys.includes(key), `${secret} has no ${key}`);
        files.set(`${mountPath}/${path}`, `${secret}/${key}`);
      }
    }
  }
  return files;
}

test("pods are given only settings of config.ts, secrets by file, and every file is there", () => {
  const used = new Set<string>();
  for (const name of [...ROLES, "migrate"]) {
    const files = filesOf(name);
    for (const [variable, value] of Object.entries(environmentOf(name))) {
      const setting = known.has(variable) ? variable : variable.replace(/_FILE$/, "");
      assert.ok(known.has(setting), `${name}: ${variable} is no setting`);
      assert.ok(!secrets.has(variable), `${name}: ${variable} is a secret and has to come from a file`);
      if (!variable.endsWith("_FILE")) continue;
      used.add(files.get(value) ?? assert.fail(`${name}: ${variable} names ${value}, which is not mounted`));
    }
  }
  const there = Object.entries(SECRETS).flatMap(([name, keys]) => keys.map((key) => `${name}/${key}`));
  assert.deepEqual([...used].sort(), there.sort(), "a key that nobody reads");
  const taken = new Set(
    [...ROLES, "migrate"].flatMap((name) => containerOf(name).envFrom ?? []).map((from) => from.configMapRef.name),
  );
  assert.deepEqual(
    of("ConfigMap")
      .map(({ metadata }) => metadata.name)
      .sort(),
    [...taken].sort(),
  );
});

test("with values for the secrets each role's settings are valid, fit for production, and give it its own database alone", () => {
  const values: Record<string, string> = {
    ...{ REDIS_URL: "rediss://:n7Bq2mXx@redis:6380", KAFKA_SASL_PASSWORD: "4rT9pLz2", TRANSIT_KEY: "k".repeat(32) },
    PAYMENT_API_KEY: "key",
  };
  for (const role of ROLES) {
    const env: Record<string, string> = { ...image };
    for (const [variable, value] of Object.entries(environmentOf(role))) {
      const setting = variable.replace(/_FILE$/, "");
      if (known.has(variable)) env[variable] = value;
      else env[setting] = values[setting] ?? "postgres://eventix:v8Kq1wTz@postgres:5432/eventix?sslmode=verify-full";
    }
    const settings = withoutDevelopment(readConfig(env), env);
    assert.deepEqual(settings.services, [role]);
    const urls = Object.keys(env).filter((name) => name.startsWith("DATABASE_URL_"));
    assert.deepEqual(urls, role === "gateway" ? [] : [urlVariable(role as "booking")]);
  }
});

test("no container that starts anew in its pod is taken for the one that died: nobody would fail that one's calls", () => {
  for (const role of ROLES) assert.ok(!("NODE_ID" in environmentOf(role)), role);
});

test("ports and probes are those of the image, and what is asked is what the node answers", () => {
  const port = (name: string, port: string) =>
    containerOf(name).ports.find((one: { name: string }) => one.name === port)?.containerPort;
  for (const role of ROLES) {
    assert.equal(port(role, "probe"), Number(image.PROBE_PORT));
    const { startupProbe, livenessProbe, readinessProbe } = containerOf(role);
    assert.deepEqual(
      [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => [httpGet.path, httpGet.port]),
      [
        ["/health/live", "probe"],
        ["/health/live", "probe"],
        ["/health/ready", "probe"],
      ],
    );
    const { annotations } = podOf(role).metadata;
    assert.deepEqual(
      [annotations["prometheus.io/port"], annotations["prometheus.io/path"]],
      [image.PROBE_PORT, "/metrics"],
    );
  }
  assert.equal(port("gateway", "http"), Number(SETTINGS.port.fallback));
  assert.deepEqual(
    named("Service", "gateway").spec.ports.map(({ targetPort }: { targetPort: string }) => targetPort),
    ["http"],
  );
});

test("a pod has longer to stop than its node takes after preStop", () => {
  for (const role of ROLES) {
    const [command, seconds = "0"] = containerOf(role).lifecycle?.preStop.exec.command ?? ["sleep"];
    assert.equal(command, "sleep");
    const needed = Number(seconds) + STOP_WITHIN_MS / 1_000;
    assert.ok(podOf(role).spec.terminationGracePeriodSeconds > needed, `${role} needs ${needed} s`);
  }
});

test("containers are nobody special, may write nothing and have no rights, at Kubernetes neither", () => {
  for (const name of [...ROLES, "migrate"]) {
    const { securityContext: pod, automountServiceAccountToken, serviceAccountName } = podOf(name).spec;
    assert.deepEqual([pod.runAsNonRoot, pod.seccompProfile.type], [true, "RuntimeDefault"]);
    const user = dockerfileStages()
      .at(-1)
      ?.find((one) => one.name === "USER")?.rest;
    assert.equal(`${pod.runAsUser}:${pod.runAsGroup}`, user);
    assert.deepEqual(
      [automountServiceAccountToken, named("ServiceAccount", serviceAccountName).automountServiceAccountToken],
      [false, false],
    );
    assert.deepEqual(containerOf(name).securityContext, {
      ...{ allowPrivilegeEscalation: false, privileged: false, readOnlyRootFilesystem: true },
      capabilities: { drop: ["ALL"] },
    });
    const { requests, limits } = containerOf(name).resources;
    assert.ok(requests.cpu && requests.memory && limits.memory, `${name} says nothing of what it needs`);
  }
});

test("booking grows by a metric that its nodes tell, and every scaler alone says how many its Deployment has", () => {
  for (const { spec } of of("HorizontalPodAutoscaler")) {
    const { replicas } = named(spec.scaleTargetRef.kind, spec.scaleTargetRef.name).spec;
    assert.equal(replicas, undefined, "`kubectl apply` would take away what the scaler has added");
    assert.ok(spec.maxReplicas > spec.minReplicas);
  }
  const [pods] = named("HorizontalPodAutoscaler", "booking").spec.metrics;
  assert.equal(pods.type, "Pods");
  assert.ok(pods.pods.metric.name in METRICS, pods.pods.metric.name);
});

test("the migration brings databases that only files name to the schema, in a container that it cannot write to", async () => {
  const { command } = containerOf("migrate");
  assert.deepEqual(command.slice(0, 2), ["node", "cli/eventix.ts"]);
  const folder = mkdtempSync(join(tmpdir(), "eventix-migrate-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const env: Record<string, string | undefined> = { ...NO_SERVERS_GIVEN, EVENTIX_HOME: "/proc/no/such/home" };
  for (const service of DATABASE_SERVICES) {
    const variable = `${urlVariable(service)}_FILE`;
    assert.ok(variable in environmentOf("migrate"));
    env[variable] = join(folder, service);
    writeFileSync(join(folder, service), await emptyDatabase(service));
  }
  const { code, stderr } = await eventix(command.slice(2), { env });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Migrated booking: 0001/);
});
