import { clientNetwork } from "platform/http";

/** The one peer whose word on where a request comes from is taken: clients reach us through it alone. */
const edge = "spiffe://sallyport/gateway";

/**
 * The network that a request comes from, by what the gateway says of it or by the peer's own address:
 * an IPv4 address, or the /64 of an IPv6 address, since whoever has one address of it has them all.
 * Of a list, the last entry is the one that the gateway has added.
 */
export function clientAddressOf(
  headers: Headers,
  peer: { readonly spiffeId: string; readonly clientIp: string },
): string {
  const forwarded = peer.spiffeId === edge ? headers.get("x-forwarded-for") : null;
  return clientNetwork(forwarded?.split(",").at(-1)?.trim() || peer.clientIp);
}
