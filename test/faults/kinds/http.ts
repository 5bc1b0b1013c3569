import { createHmac, createPublicKey, randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import jwt from "jsonwebtoken";
import { issuerKey } from "#stack/issuer/keys.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "#stack/issuer/token.ts";
import { type Fault, Found, type Stage } from "../fault.ts";
import type { World } from "../world.ts";

const FLOOD = 300;
const AT_ONCE = 20;
/** See services/gateway/key-ring.ts. */
const COOL_DOWN_MS = 5_000;

export const HTTP_FAULTS: readonly Fault[] = [
  {
    name: "tokens-forged",
    what: "a flood of tokens that are unsigned, signed with the public key, run out, of another issuer or of unknown keys",
    sparesSweeps: true,
    strike: (stage) => flood(stage, forgedTokens(stage.world), (status) => status === 401),
  },
  {
    name: "requests-malformed",
    what: "bodies over the limit, broken JSON, 10,000 seats, one seat twice, forged X-Forwarded-For, clients that send a byte a second",
    sparesSweeps: true,
    async strike(stage) {
      const slow = Array.from({ length: 10 }, () => drip(stage.world.urls[0] as string, 4_000));
      const bit = await flood(stage, malformed(stage), (status) => status >= 400 && status < 500);
      await Promise.all(slow);
      return bit;
    },
  },
  {
    name: "issuer-down",
    what: "the keys of tokens cannot be fetched for a while, and all buyers come with tokens of a key that nobody knows",
    sparesSweeps: true,
    async strike(stage) {
      const { world, random, history } = stage;
      await changeKey(world);
      await Promise.all(signAgain(stage, 0));
      const from = Date.now();
      await sleep(random.between(6_000, 8_000));
      // Gateways that read the keys just before believe for so long that what they have is all there is, and say 401.
      const meanwhile = history.operations.filter(({ invoked }) => invoked > from + COOL_DOWN_MS);
      await world.restartServers();
      const refused = meanwhile.find(({ status }) => status === 401);
      if (refused)
        throw new Found("answers", `${refused.client}'s good token was refused while its key could not be had`);
      return meanwhile.some(({ status }) => status === 503);
    },
  },
  {
    name: "issuer-rotated",
    what: "the issuer signs with a new key from now on and no longer names the old one, and buyers sign in again one by one",
    sparesSweeps: true,
    async strike(stage) {
      await changeKey(stage.world);
      await stage.world.restartServers();
      await Promise.all(signAgain(stage, 1_500));
      const from = Date.now();
      return ({ history }) => history.ofKind("hold").some(({ outcome, invoked }) => outcome === "ok" && invoked > from);
    },
  },
];

/** Takes the issuer away; the next names another key. */
async function changeKey(world: World): Promise<void> {
  await world.kill("issuer");
  rmSync(join(world.home, "issuer/private.pem"), { force: true });
  issuerKey(world.home);
}

/** Each buyer gets a new token, sooner or later. */
const signAgain = ({ world, buyers, random }: Stage, withinMs: number): Promise<void>[] =>
  [...buyers.values()].map(async (buyer) => {
    await sleep(random.fork(buyer.name).between(0, withinMs));
    buyer.useToken(world.token(buyer.name));
  });

interface Ask {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

/** Sends all of them, some at a time. Tells whether any was refused as it has to be. Throws Found when one is answered as it must not be. */
async function flood(
  { world, random }: Stage,
  asks: readonly Ask[],
  isRight: (status: number) => boolean,
): Promise<boolean> {
  const left = Array.from({ length: FLOOD }, () => random.pick(asks));
  const wrong: string[] = [];
  let right = 0;
  const one = async ({ method, path, headers, body }: Ask) => {
    const url = `${random.pick(world.urls)}${path}`;
    const asked = fetch(url, {
      method,
      headers,
      signal: AbortSignal.timeout(9_000),
      ...(body !== undefined && { body }),
    });
    const { status } = await asked.then(
      async (response) => {
        await response.body?.cancel();
        return response;
      },
      () => ({ status: 0 }),
    );
    if (isRight(status)) right++;
    else if (status !== 0 && status !== 503) {
      wrong.push(`${method} ${path} ${JSON.stringify(headers).slice(0, 200)} was answered ${status}`);
    }
  };
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let ask = left.pop(); ask; ask = left.pop()) await one(ask);
    }),
  );
  if (wrong.length > 0) throw new Found("I9", wrong.slice(0, 3).join("; "));
  return right > 0;
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

function forgedTokens(world: World): Ask[] {
  const { privateKey, kid } = issuerKey(world.home);
  const right = {
    algorithm: "RS256",
    keyid: kid,
    issuer: LOCAL_ISSUER,
    audience: LOCAL_AUDIENCE,
    expiresIn: 600,
  } as const;
  const signed = (change: object) => jwt.sign({ sub: "mallory" }, privateKey, { ...right, ...change });
  const claims = part({
    sub: "mallory",
    iss: LOCAL_ISSUER,
    aud: LOCAL_AUDIENCE,
    exp: Math.floor(Date.now() / 1_000) + 600,
  });
  const pem = createPublicKey(privateKey).export({ type: "spki", format: "pem" });
  const hs256 = `${part({ alg: "HS256", typ: "JWT", kid })}.${claims}`;
  const tokens = [
    `${part({ alg: "none", kid })}.${claims}.`,
    `${hs256}.${createHmac("sha256", pem).update(hs256).digest("base64url")}`,
    signed({ issuer: "https://elsewhere.example/" }),
    signed({ audience: "elsewhere" }),
    signed({ expiresIn: -60 }),
    ...Array.from({ length: 20 }, () => signed({ keyid: randomUUID() })),
  ];
  return tokens.map((token) => ({
    method: "GET",
    path: "/api/bookings/my",
    headers: { authorization: `Bearer ${token}` },
  }));
}

function malformed({ world, halls }: Stage): Ask[] {
  const [hall] = halls;
  const headers = { authorization: `Bearer ${world.token("mallory")}`, "content-type": "application/json" };
  const { eventId, seatIds } = hall as (typeof halls)[number];
  const bodies = [
    `{"eventId":"${eventId}","seatIds":["${"x".repeat(70_000)}"]}`,
    `{"eventId":"${eventId}","seatIds":[`,
    "",
    JSON.stringify({ eventId, seatIds: Array.from({ length: 1_500 }, () => randomUUID()) }),
    JSON.stringify({ eventId, seatIds: Array.from({ length: 10_000 }, () => seatIds[0]) }),
    JSON.stringify({ eventId, seatIds: [seatIds[0], seatIds[0]] }),
    JSON.stringify({ eventId, seatIds: [randomUUID()] }),
    JSON.stringify({ eventId, seatIds: [seatIds[0]], totalMinor: 1, userId: "alice", status: "CONFIRMED" }),
  ];
  const forged = { ...headers, "x-forwarded-for": "10.0.0.1, 127.0.0.1" };
  return bodies.map((body, n) => ({ method: "POST", path: "/api/bookings", headers: n % 2 ? headers : forged, body }));
}

/** A client that opens a request and sends it a byte at a time. */
async function drip(url: string, ms: number): Promise<void> {
  const { port } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.on("error", () => {});
  socket.write(
    "POST /api/bookings HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{",
  );
  for (const end = Date.now() + ms; Date.now() < end && !socket.destroyed; await sleep(250)) socket.write(" ");
  socket.destroy();
}
