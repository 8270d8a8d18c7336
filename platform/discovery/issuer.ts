import type { ForeignIssuer } from "platform/config";
import { openWebFetch, type PeerFetch } from "platform/tls";
import { openPeer, type PeerOptions } from "./peer.ts";

export interface IssuerConnectionOptions extends Omit<PeerOptions, "program"> {
  /** Undefined: our own auth server. */
  readonly foreignIssuer: ForeignIssuer | undefined;
}

/** `fetch` to whoever issues the tokens that count: auth over mutual TLS, or another's server. */
export function openIssuer(
  { foreignIssuer, ...peers }: IssuerConnectionOptions,
): PeerFetch {
  if (foreignIssuer) return openWebFetch(foreignIssuer);
  return openPeer({ ...peers, program: "auth" });
}
