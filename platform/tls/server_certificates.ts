import tls, { type SecureContext } from "node:tls";

export interface NamedCertificate {
  /** Host names, or names whose first label is a wildcard. */
  readonly names: readonly string[];
  /** PEM, the leaf first. */
  readonly cert: string;
  /** PEM, of `cert`: nothing here checks that. */
  readonly key: string;
}

/** Certificates that a server shows to clients which ask for these names, in place of its own. */
export class ServerCertificates {
  #contexts: ReadonlyMap<string, SecureContext> = new Map();

  /** Shows these from the next handshake on, and no others. @throws what the TLS library refuses. */
  take(certificates: readonly NamedCertificate[]): void {
    this.ready(certificates)();
  }

  /** @returns what shows these from the next handshake on, and never throws. @throws as `take` does. */
  ready(certificates: readonly NamedCertificate[]): () => void {
    const contexts = new Map(certificates.flatMap(({ names, cert, key }) => {
      const context = tls.createSecureContext({ cert, key, minVersion: "TLSv1.2" });
      return names.map((name) => [name.toLowerCase(), context] as const);
    }));
    return () => void (this.#contexts = contexts);
  }

  /** For a whole name before a wildcard. Undefined: the server's own is shown. */
  contextFor(serverName: string): SecureContext | undefined {
    const name = serverName.toLowerCase();
    const dot = name.indexOf(".");
    return this.#contexts.get(name) ?? this.#contexts.get(`*${name.slice(dot)}`);
  }
}
