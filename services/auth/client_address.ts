/** The one peer whose word on where a request comes from is taken: clients reach us through it alone. */
const edge = "spiffe://sallyport/gateway";

/**
 * The network address that a request comes from: what the gateway says of it, or the peer's own.
 * Of a list, the last entry is the one that the gateway has added.
 */
export function clientAddressOf(
  headers: Headers,
  peer: { readonly spiffeId: string; readonly clientIp: string },
): string {
  const forwarded = peer.spiffeId === edge ? headers.get("x-forwarded-for") : null;
  return forwarded?.split(",").at(-1)?.trim() || peer.clientIp;
}
