import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { EventixError } from "#contracts/errors.ts";
import { type Rendered, SharedAnswers } from "../../services/gateway/shared-answers.ts";
import { type GatewayUnderTest, type Handler, json, startGateway } from "./support/gateway.ts";

let gateway: GatewayUnderTest;
const asked: Record<string, unknown>[] = [];
before(async () => {
  const availability: Handler = ({ params }) => {
    asked.push(params);
    if (params.eventId === "loading") throw new EventixError("EVENT_NOT_ON_SALE");
    if (params.as === "bits") return { seatCount: 5, bits: Buffer.from([0b11_10_01_00, 0b01]).toString("base64") };
    return { seatCount: 1, seats: [{ seatId: "s1", index: 0, status: "HELD", version: 2 }] };
  };
  const getSeatMap: Handler = ({ params }) => {
    asked.push(params);
    return { version: 3, zones: [] };
  };
  gateway = await startGateway({
    booking: { availability: { access: "anyone", handler: availability } },
    catalog: { getSeatMap: { access: "anyone", handler: getSeatMap } },
  });
});
after(() => gateway.stop());
beforeEach(() => {
  asked.length = 0;
});

const BYTES = { headers: { accept: "application/octet-stream" } };

test("availability comes as two bits a seat to those who ask for bytes, and as JSON to the others", async () => {
  const bytes = await gateway.fetch("/api/events/forms/availability", BYTES);
  assert.equal(bytes.headers.get("content-type"), "application/octet-stream");
  assert.equal(bytes.headers.get("x-seat-count"), "5");
  assert.match(bytes.headers.get("vary") as string, /accept/i);
  assert.deepEqual([...new Uint8Array(await bytes.arrayBuffer())], [0b11_10_01_00, 0b01]);
  const seats = await gateway.fetch("/api/events/forms/availability");
  assert.deepEqual((await json(seats)).data.seats, [{ seatId: "s1", index: 0, status: "HELD", version: 2 }]);
});

test("looks at one event in the same moment share one read a form", async () => {
  const looks = Array.from({ length: 40 }, (_, i) => gateway.fetch("/api/events/hot/availability", i % 2 ? BYTES : {}));
  for (const response of await Promise.all(looks)) assert.equal(response.status, 200);
  const forms = asked.map(({ as }) => as);
  assert.ok(forms.length >= 2 && forms.length <= 6, `${forms.length} reads for 40 looks`);
});

test("an id in other letter case asks for nothing of its own", async () => {
  const ids = ["cafe", "Cafe", "cAFe", "cafE", "CAFE", "CaFe", "cAfE", "CAFe", "caFE", "cAfe"];
  await Promise.all(ids.map((id) => gateway.fetch(`/api/events/${id}/seats`)));
  assert.deepEqual(asked, [{ id: "cafe" }]);
});

test("an unchanged availability is not sent again", async () => {
  const etag = (await gateway.fetch("/api/events/same/availability", BYTES)).headers.get("etag") as string;
  const { status, body } = await conditional("/api/events/same/availability", etag);
  assert.deepEqual({ status, body }, { status: 304, body: "" });
});

test("a seat map is known by its version", async () => {
  const first = await gateway.fetch("/api/events/map/seats");
  assert.equal(first.headers.get("etag"), '"map.3"');
  assert.match(first.headers.get("cache-control") as string, /max-age=\d+/);
  assert.deepEqual(await json(first), { success: true, data: { version: 3, zones: [] } });
  assert.equal((await conditional("/api/events/map/seats", '"map.3"')).status, 304);
  assert.equal((await conditional("/api/events/map/seats", '"map.2"')).status, 200);
  assert.equal(asked.length, 1);
});

test("a refusal is not kept: the next look asks again", async () => {
  for (let i = 0; i < 2; i++) {
    const response = await gateway.fetch("/api/events/loading/availability");
    assert.equal(response.status, 409);
    assert.equal((await json(response)).error.code, "EVENT_NOT_ON_SALE");
  }
  assert.equal(asked.length, 2);
});

test("an answer is shared until it is as old as allowed, counted from its question", async () => {
  let now = 0;
  let made = 0;
  const shared = new SharedAnswers(() => now);
  const look = () =>
    shared.get("k", 250, async (): Promise<Rendered> => ({ type: "t", body: Buffer.from([++made]), headers: {} }));
  assert.deepEqual([...(await look()).body], [1]);
  now = 249;
  assert.deepEqual([...(await look()).body], [1]);
  now = 250;
  assert.deepEqual([...(await look()).body], [2]);
});

/** `fetch` would add no-cache to a request with If-None-Match. */
async function conditional(path: string, etag: string): Promise<{ status: number; body: string }> {
  const { request } = await import("node:http");
  return new Promise((resolve, reject) => {
    request(gateway.url + path, { headers: { "if-none-match": etag, ...BYTES.headers } }, (res) => {
      let body = "";
      res.on("data", (chunk) => {
        body += chunk;
      });
      res.on("end", () => resolve({ status: res.statusCode as number, body }));
    })
      .on("error", reject)
      .end();
  });
}
