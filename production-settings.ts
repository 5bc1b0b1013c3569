import type { Config } from "./config.ts";

/** Of the issuer that `npm start` and compose run, whose key lies in a folder beside them (stack/issuer/). */
const LOCAL_ISSUER = /\.localhost\/?$/;
/** What docker-compose.yml sets where nothing else is given. */
const SAMPLE_PASSWORD = "eventix";

/** Where the settings were read from: it tells a default from what somebody meant. */
type Environment = Record<string, string | undefined>;

/** What of a node's settings is only for a machine of one's own, by the setting's name, each with what to set instead. */
export function developmentSettings(config: Config, env: Environment): Map<string, string> {
  const found = new Map<string, string>();
  const { authJwksUri, authIssuer, redisUrls, services } = config;
  if (authJwksUri.startsWith("http:")) {
    const why = "who sits between us and the issuer could give us keys of their own";
    found.set("AUTH_JWKS_URI", `AUTH_JWKS_URI=${authJwksUri}: must be an https address, since ${why}`);
  }
  if (authIssuer !== "" && LOCAL_ISSUER.test(authIssuer)) {
    const instead = "set the issuer of your tokens, and its AUTH_JWKS_URI";
    found.set(
      "AUTH_ISSUER",
      `AUTH_ISSUER=${authIssuer}: is the issuer for development, which anyone may ask; ${instead}`,
    );
  }
  const addresses: [name: string, addresses: readonly string[]][] = [
    ["DATABASE_URL_CATALOG", [config.catalogDatabaseUrl]],
    ["DATABASE_URL_BOOKING", [config.bookingDatabaseUrl]],
    ["DATABASE_URL_PAYMENT", [config.paymentDatabaseUrl]],
    ["REDIS_URL", redisUrls],
  ];
  for (const [name, given] of addresses) {
    if (given.some(hasSamplePassword)) {
      found.set(name, `${name}: has a password that anybody would try first; give the role one of its own`);
    }
  }
  if (config.kafkaSaslMechanism === "plain" && config.kafkaTls === "off") {
    const why = "KAFKA_SASL_MECHANISM=plain sends the password readably";
    found.set("KAFKA_TLS", `KAFKA_TLS=off: must be on, since ${why}; or log in by scram-sha-512`);
  }
  if (config.transitKey === "") {
    const why = "whoever writes to Kafka could call anything as anybody";
    found.set("TRANSIT_KEY", `TRANSIT_KEY: must be set, since ${why}; openssl rand -base64 32 makes one`);
  }
  if (config.paymentApiUrl.startsWith("http:")) {
    const why = "the key of PAYMENT_API_KEY can be read on the way, and money be moved with it";
    found.set("PAYMENT_API_URL", `PAYMENT_API_URL=${config.paymentApiUrl}: must be an https address, since ${why}`);
  }
  if (services.includes("payment") && !env.PAYMENT_PROVIDER) {
    const why = "the default, mock, takes no money and confirms bookings all the same";
    found.set("PAYMENT_PROVIDER", `PAYMENT_PROVIDER: must be set, since ${why}; set mock if that is what you want`);
  }
  return found;
}

/** One that docker-compose.yml gives, or the user's own name; none is a server's own affair. */
function hasSamplePassword(address: string): boolean {
  const { username, password } = URL.parse(address) ?? { username: "", password: "" };
  return password !== "" && (password === SAMPLE_PASSWORD || password === username);
}
