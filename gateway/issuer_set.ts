import type { X509Certificate } from "node:crypto";
import type { ClientCertificate } from "./exchange.ts";

/** CAs that vouch for clients together. */
export class IssuerSet {
  readonly #authorities: readonly X509Certificate[];
  readonly #allowsPartialChain: boolean;
  /** Those of connections that are open: signatures are dear, and do not change. */
  readonly #issuers = new WeakMap<ClientCertificate, readonly X509Certificate[]>();

  constructor(
    authorities: readonly X509Certificate[],
    { allowsPartialChain }: { readonly allowsPartialChain: boolean },
  ) {
    this.#authorities = authorities;
    this.#allowsPartialChain = allowsPartialChain;
  }

  /**
   * Whether one of the CAs signed the certificate, and a root among them stands behind that CA.
   * Does not check the certificate's dates, usage or revocation: the edge did before it let it in.
   */
  vouchFor(certificate: ClientCertificate, nowMs: number): boolean {
    return this.#issuersOf(certificate, nowMs).some((issuer) => isInTime(issuer, nowMs));
  }

  #issuersOf(certificate: ClientCertificate, nowMs: number): readonly X509Certificate[] {
    const known = this.#issuers.get(certificate);
    if (known) return known;
    const issuers = this.#authorities.filter((authority) =>
      certificate.isIssuedBy(authority, nowMs) &&
      (this.#allowsPartialChain || this.#isRooted(authority, nowMs, new Set()))
    );
    this.#issuers.set(certificate, issuers);
    return issuers;
  }

  #isRooted(
    authority: X509Certificate,
    nowMs: number,
    seen: ReadonlySet<X509Certificate>,
  ): boolean {
    if (isSignedBy(authority, authority)) return true;
    return this.#authorities.some((above) =>
      !seen.has(above) && isInTime(above, nowMs) && isSignedBy(authority, above) &&
      this.#isRooted(above, nowMs, new Set([...seen, authority]))
    );
  }
}

function isSignedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) &&
    certificate.verify(authority.publicKey);
}

function isInTime({ validFrom, validTo }: X509Certificate, nowMs: number): boolean {
  return nowMs >= Date.parse(validFrom) && nowMs <= Date.parse(validTo);
}
