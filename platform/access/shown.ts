import { createHash } from "node:crypto";
import type { Connection, SenderConstraintOptions, Shown } from "./sender_constraint.ts";

/** The one peer whose word on what a client has shown and asked for is taken: it drops what clients say of that. */
const edgeId = "spiffe://sallyport/gateway";
/** The path that was asked for at the edge, where the service is told another. */
export const forwardedPathHeader = "x-forwarded-path";
/** A byte sequence of RFC 8941. */
const certificateForm = /^:([A-Za-z0-9+/]{1,16384}={0,2}):$/;

/** What a client shows at the edge itself. @param origins by which clients call it. */
export function shownAtEdge(origins: readonly string[]): SenderConstraintOptions["shownBy"] {
  return ({ url }: Request, connection: Connection | undefined): Shown => {
    const { pathname } = new URL(url);
    return {
      targets: origins.map((origin) => origin + pathname),
      certificateThumbprint: connection?.clientCertificate?.thumbprint,
    };
  };
}

/**
 * What a client has shown at the edge, by the word of the gateway; of any other peer, nothing.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9440 | RFC 9440, Client-Cert}
 */
export function shownBehindEdge(
  origins: readonly string[],
): SenderConstraintOptions["shownBy"] {
  return ({ headers }: Request, connection: Connection | undefined): Shown => {
    if (connection?.peer?.spiffeId !== edgeId) {
      return { targets: [], certificateThumbprint: undefined };
    }
    const path = headers.get(forwardedPathHeader);
    const der = certificateForm.exec(headers.get("client-cert") ?? "")?.[1];
    return {
      targets: path === null ? [] : origins.map((origin) => origin + path),
      certificateThumbprint: der &&
        createHash("sha256").update(Uint8Array.fromBase64(der)).digest("base64url"),
    };
  };
}
