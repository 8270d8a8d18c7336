import { z } from "zod";
import { Problem, problemTypes } from "platform/problem";
import type { SignatureVerifier } from "platform/signatures";
import { proofAlgorithms, readProof } from "./possession_proof.ts";

/** To what a token is bound. A way that we do not know is none that we can check: such a token is refused. */
export const Confirmation = z.strictObject({
  jkt: z.string().optional(),
  "x5t#S256": z.string().optional(),
});
export type Confirmation = z.output<typeof Confirmation>;

/** What is known of a request besides what it says. */
export interface Connection {
  /** Who is at the other end of the connection, behind the edge. */
  readonly peer?: { readonly spiffeId: string } | undefined;
  /** What the client has shown at the edge for mutual TLS. */
  readonly clientCertificate?: { readonly thumbprint: string } | undefined;
}

/** By what a request may show that its sender holds the token's key. */
export interface Shown {
  /** URLs without query that all name what is asked for. */
  readonly targets: readonly string[];
  /** Of the client's certificate (`x5t#S256`). */
  readonly certificateThumbprint: string | undefined;
}

export interface SenderConstraintOptions {
  readonly shownBy: (request: Request, connection: Connection | undefined) => Shown;
  /**
   * Whether the proof of that name was not shown before, and remembers it for a minute. Absent: whoever passes
   * requests on has looked.
   */
  readonly isFirst?: (name: string) => boolean | Promise<boolean>;
}

/** A request with a token that is bound to a key, or that calls itself so. */
export interface BoundRequest {
  readonly request: Request;
  readonly connection: Connection | undefined;
  readonly token: string;
  /** Undefined: the token is bound to nothing. */
  readonly confirmation: Confirmation | undefined;
  /** Whether the token was shown as one that needs a proof: by the scheme `DPoP`. */
  readonly isByProof: boolean;
  readonly nowSeconds: number;
}

/**
 * Whether the sender of a request holds the key that its token is bound to.
 *
 * @returns whether, at once unless proofs are remembered elsewhere. @throws {Problem}
 */
export function checkSender(
  { request, connection, token, confirmation, isByProof, nowSeconds }: BoundRequest,
  { shownBy, isFirst }: SenderConstraintOptions,
  verifier: SignatureVerifier,
): void | Promise<void> {
  // A token that is bound to a key and shown without would be good for whoever has stolen it.
  if ((confirmation?.jkt !== undefined) !== isByProof) throw refusal("invalid_token");
  if (!confirmation) return;
  const { targets, certificateThumbprint } = shownBy(request, connection);
  const { jkt, "x5t#S256": x5t } = confirmation;
  if (x5t !== undefined && x5t !== certificateThumbprint) throw otherCertificate;
  if (jkt === undefined) return;
  // Two headers of one name would be one with a comma in it, and no proof.
  const text = request.headers.get("dpop") ?? "";
  const { method } = request;
  const proof = readProof(text, { method, targets, token, nowSeconds }, verifier);
  if (!proof) throw refusal("invalid_dpop_proof");
  if (proof.thumbprint !== jkt) throw refusal("invalid_token");
  const first = isFirst?.(`${jkt} ${proof.jti}`) ?? true;
  const settle = (isFirst: boolean) => {
    if (!isFirst) throw refusal("invalid_dpop_proof");
  };
  return typeof first === "boolean" ? settle(first) : first.then(settle);
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-7.1 | RFC 9449, the DPoP scheme} */
function refusal(error: "invalid_token" | "invalid_dpop_proof"): Problem {
  const challenge = `DPoP error="${error}", algs="${proofAlgorithms.join(" ")}"`;
  return new Problem(problemTypes.invalidToken, { headers: { "www-authenticate": challenge } });
}

const otherCertificate = new Problem(problemTypes.invalidToken, {
  headers: { "www-authenticate": 'Bearer error="invalid_token"' },
});
