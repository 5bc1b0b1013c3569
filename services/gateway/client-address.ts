import type { IncomingMessage } from "node:http";
import ipaddr, { type IPv4, type IPv6 } from "ipaddr.js";

type Address = IPv4 | IPv6;
type Network = [Address, number];

/** A home or a rented server is given at least a /64 of IPv6 and can use another address in it for each request. */
const IPV6_CLIENT_BYTES = 8;

/** Tells where requests come from: for counting, not for letting anybody in. */
export class ClientAddresses {
  readonly #proxies: readonly Network[];

  /** `proxies`: addresses and networks (10.0.0.0/8) whose X-Forwarded-For is believed. */
  constructor(proxies: readonly string[]) {
    this.#proxies = proxies.map(networkOf);
  }

  /**
   * The IPv4 address or the /64 of IPv6 that a request comes from, as a key. A proxy adds on the right whom it was asked by,
   * and whatever was there before may be forged: so the first from the right that is no proxy of ours is the client.
   */
  of({ socket, headers }: IncomingMessage): string {
    const forwarded = String(headers["x-forwarded-for"] ?? "").split(",");
    let client: Address | undefined;
    for (const hop of [socket.remoteAddress ?? "", ...forwarded.reverse()]) {
      const text = hop.trim();
      if (!ipaddr.isValid(text)) break;
      client = ipaddr.process(text);
      if (!this.#isProxy(client)) break;
    }
    return client ? keyOf(client) : "unknown";
  }

  #isProxy(address: Address): boolean {
    return this.#proxies.some(
      ([network, bits]) => network.kind() === address.kind() && (address as IPv4).match(network as IPv4, bits),
    );
  }
}

function networkOf(text: string): Network {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

function keyOf(address: Address): string {
  if (address.kind() === "ipv4") return address.toString();
  return `${Buffer.from(address.toByteArray().slice(0, IPV6_CLIENT_BYTES)).toString("hex")}/64`;
}
