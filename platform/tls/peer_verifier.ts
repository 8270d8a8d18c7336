import { parseCertificates, type TlsMaterial } from "./tls_material.ts";
import { type PeerCertificate, readPeerCertificate, thumbprintOf } from "./peer_certificate.ts";

/** Why a peer's certificate is refused. */
export type PeerFault =
  | "malformed"
  | "not_issued_by_our_ca"
  | "wrong_key_usage"
  | "not_yet_valid"
  | "expired"
  | "revoked";

export type Verdict =
  | { readonly trusted: true; readonly certificate: PeerCertificate }
  | { readonly trusted: false; readonly fault: PeerFault };

/** Which end of the connection the certificate must be made for. */
export type PeerRole = "client" | "server";

/** Whose certificates are good, for the moment: a program's own identity, or another keeper of CAs. */
export interface Trust {
  readonly material: Pick<TlsMaterial, "ca">;
  isRevoked(serial: string): boolean;
  /** Calls `listener` with each new material. */
  onMaterial(listener: (material: Pick<TlsMaterial, "ca">) => void): Disposable;
}

interface Known {
  readonly certificate: PeerCertificate;
  /** Of the material in force. */
  readonly issued: boolean;
}

const knownMax = 1_024;

/**
 * Verifies peers' certificates against what is trusted at the moment of asking: issuer, usage, dates,
 * denylist. Asked on every connection, because the TLS library checks nothing when a session is resumed,
 * and its tickets are good for every server of the process, whatever CA that one trusts.
 *
 * A certificate must be signed by one of our CAs itself: chains of intermediates are refused.
 */
export class PeerVerifier implements Disposable {
  readonly #trusted: Trust;
  readonly #role: PeerRole;
  readonly #following: Disposable;
  readonly #known = new Map<string, Known>();
  #authorities: ReturnType<typeof parseCertificates>;

  constructor(trusted: Trust, role: PeerRole) {
    this.#trusted = trusted;
    this.#role = role;
    this.#authorities = parseCertificates(trusted.material.ca);
    this.#following = trusted.onMaterial((material) => this.#trust(material));
  }

  verify(der: Uint8Array, nowMs: number): Verdict {
    try {
      return this.#judge(this.#know(der, nowMs), nowMs);
    } catch {
      return { trusted: false, fault: "malformed" };
    }
  }

  [Symbol.dispose](): void {
    this.#following[Symbol.dispose]();
  }

  #trust({ ca }: Pick<TlsMaterial, "ca">): void {
    this.#authorities = parseCertificates(ca);
    this.#known.clear();
  }

  /** Reading and signatures are dear and do not change; all else is asked anew each time. */
  #know(der: Uint8Array, nowMs: number): Known {
    const thumbprint = thumbprintOf(der);
    const before = this.#known.get(thumbprint);
    if (before) return before;
    const certificate = readPeerCertificate(der);
    const issued = this.#authorities.some((authority) => certificate.isIssuedBy(authority, nowMs));
    if (this.#known.size >= knownMax) this.#known.clear();
    this.#known.set(thumbprint, { certificate, issued });
    return { certificate, issued };
  }

  #judge({ certificate, issued }: Known, nowMs: number): Verdict {
    const fault = this.#fault(certificate, issued, nowMs);
    return fault ? { trusted: false, fault } : { trusted: true, certificate };
  }

  #fault(certificate: PeerCertificate, issued: boolean, nowMs: number): PeerFault | undefined {
    const fits = this.#role === "client" ? certificate.isForClients : certificate.isForServers;
    if (!issued) return "not_issued_by_our_ca";
    if (!fits) return "wrong_key_usage";
    if (nowMs < certificate.validFromMs) return "not_yet_valid";
    if (nowMs > certificate.validToMs) return "expired";
    if (this.#trusted.isRevoked(certificate.serial)) return "revoked";
    return undefined;
  }
}
