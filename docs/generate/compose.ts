import { TOPIC_DEFINITIONS, topicSettings } from "#contracts/topics.ts";
import {
  ADD_EXTENSIONS,
  CLOSE_DATABASES,
  DATABASE_SERVICES,
  databaseOf,
  roleOf,
  serviceStatements,
} from "#stack/postgres/databases.ts";

const passwordVariable = (role: string) => `${role}_password`.toUpperCase();

/** docker/postgres/init.sql, from the statements that stack/postgres/databases.ts runs itself. */
export function postgresInit(): string {
  const services = DATABASE_SERVICES.map((service) => {
    const role = roleOf(service);
    const variable = `${role}_password`;
    const make = serviceStatements(service, `:'${variable}'`).map((statement) => `${statement};`);
    return [`\\getenv ${variable} ${passwordVariable(role)}`, ...make].join("\n");
  });
  const extensions = DATABASE_SERVICES.map((service) => `\\connect ${databaseOf(service)}\n${ADD_EXTENSIONS};`);
  return `-- Made by \`npm run docs\` from stack/postgres/databases.ts. Run once by the image, as superuser, on an empty volume.

${services.join("\n\n")}

${CLOSE_DATABASES};

${extensions.join("\n")}
`;
}

/** docker/redpanda/topics.sh, from contracts/topics.ts. */
export function topicScript(): string {
  const commands = TOPIC_DEFINITIONS.map((topic) => {
    const settings = Object.entries(topicSettings(topic)).map(([name, value]) => ` -c ${name}=${value}`);
    return `rpk topic create ${topic.name} --if-not-exists -p ${topic.partitions} -r 1${settings.join("")}`;
  });
  return `#!/bin/sh
# Made by \`npm run docs\` from contracts/topics.ts. Topics that are there stay as they are.
set -eu

${commands.join("\n")}
`;
}
