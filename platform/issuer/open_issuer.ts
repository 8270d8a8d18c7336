import type { ForeignIssuer } from "platform/config";
import { openPeer, type PeerOptions } from "platform/discovery";
import { openWebFetch, type PeerFetch } from "platform/tls";

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
