import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { describe, test } from "node:test";
import { readConfig } from "#config";
import { ClientAddresses } from "../../services/gateway/client-address.ts";

const PROXIES = ["10.0.0.0/8", "192.0.2.1", "2001:db8:9::/48", "::ffff:198.51.100.7"];
const ONE_CLIENT = "20010db800010002/64";

/** Who asks the gateway, what is said in X-Forwarded-For, and whom the request is counted for. */
const cases: [name: string, socket: string | undefined, forwarded: string | undefined, client: string][] = [
  ["a client that asks directly", "203.0.113.5", undefined, "203.0.113.5"],
  ["a client that says it is somebody else", "203.0.113.5", "198.51.100.1", "203.0.113.5"],
  ["a client that says it is a proxy of ours", "203.0.113.5", "198.51.100.1, 10.0.0.1", "203.0.113.5"],
  ["a client of a proxy", "10.1.2.3", "203.0.113.5", "203.0.113.5"],
  ["a client of a proxy that said it is somebody else before", "10.1.2.3", "1.1.1.1, 203.0.113.5", "203.0.113.5"],
  ["a client of two proxies", "10.1.2.3", "203.0.113.5,192.0.2.1", "203.0.113.5"],
  ["a client of two proxies that puts a proxy in front", "10.1.2.3", "10.9.9.9, 203.0.113.5, 192.0.2.1", "203.0.113.5"],
  ["a proxy that names nobody", "10.1.2.3", undefined, "10.1.2.3"],
  ["a proxy that names only proxies", "10.1.2.3", "10.0.0.2, 10.0.0.1", "10.0.0.2"],
  ["what is no address", "10.1.2.3", "1.1.1.1, <script>", "10.1.2.3"],
  ["an address with a port", "10.1.2.3", "203.0.113.5:443", "10.1.2.3"],
  ["an empty list", "10.1.2.3", " , ", "10.1.2.3"],
  ["an IPv4 address in its IPv6 form", "::ffff:203.0.113.5", undefined, "203.0.113.5"],
  ["a proxy in its IPv6 form", "::ffff:10.1.2.3", "203.0.113.5", "203.0.113.5"],
  ["a proxy that is listed in its IPv6 form", "198.51.100.7", "203.0.113.5", "203.0.113.5"],
  ["an IPv6 address", "2001:db8:1:2::1", undefined, ONE_CLIENT],
  ["another address of its network", "2001:db8:1:2:ffff:ffff:ffff:ffff", undefined, ONE_CLIENT],
  ["an address of the next network", "2001:db8:1:3::1", undefined, "20010db800010003/64"],
  ["a client of a proxy, by IPv6", "2001:db8:9:1::1", "2001:DB8:1:2:0:0:0:7", ONE_CLIENT],
  ["a connection that is gone", undefined, undefined, "unknown"],
];

describe("a request is counted for its client:", () => {
  const addresses = new ClientAddresses(PROXIES);
  for (const [name, remoteAddress, forwarded, client] of cases) {
    test(name, () => {
      const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
      assert.equal(addresses.of({ socket: { remoteAddress }, headers } as unknown as IncomingMessage), client);
    });
  }
});

test("without proxies of ours X-Forwarded-For says nothing", () => {
  const req = { socket: { remoteAddress: "10.1.2.3" }, headers: { "x-forwarded-for": "203.0.113.5" } };
  assert.equal(new ClientAddresses([]).of(req as unknown as IncomingMessage), "10.1.2.3");
});

describe("TRUSTED_PROXIES", () => {
  test("takes addresses and networks of both kinds", () => {
    assert.deepEqual(readConfig({ TRUSTED_PROXIES: PROXIES.join(" , ") }).trustedProxies, PROXIES);
  });
  for (const wrong of [
    "proxy.internal",
    "10.0.0.0/33",
    "10.0.0/8",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "::/129",
    "10.0.0.0/-1",
  ]) {
    test(`does not take ${wrong}`, () => {
      assert.throws(() => readConfig({ TRUSTED_PROXIES: `127.0.0.1,${wrong}` }), /TRUSTED_PROXIES.*10\.0\.0\.0\/8/s);
    });
  }
});
