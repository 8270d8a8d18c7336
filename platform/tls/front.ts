import net from "node:net";
import tls, { type TLSSocket } from "node:tls";
import type { Fields, Logger } from "platform/telemetry";
import { Admission } from "./admission.ts";
import { Connection } from "./connection.ts";
import { nativeReadsOf } from "./native_reads.ts";
import type { PeerCertificate } from "./peer_certificate.ts";
import type { PeerVerifier } from "./peer_verifier.ts";
import type { ServerLimits } from "./server_limits.ts";
import type { TlsIdentity } from "./tls_identity.ts";

export interface FrontOptions {
  readonly identity: TlsIdentity;
  /** Present on a server that demands client certificates. */
  readonly verifier: PeerVerifier | undefined;
  readonly limits: ServerLimits;
  readonly log: Logger;
  /** Where the inner server listens, on loopback. */
  readonly innerPort: number;
}

export const loopback = "127.0.0.1";

/**
 * The TLS side of a server: ends TLS, decides who may come in, and carries bytes to an inner server that
 * believes no one else. Needed because `Deno.serve` can ask for no client certificate
 * (denoland/deno#26825) and waits forever for slow clients.
 */
export class Front {
  readonly #options: FrontOptions;
  readonly #server: tls.Server;
  readonly #admission: Admission;
  readonly #following = new DisposableStack();
  /** By the port from which the front reaches the inner server. */
  readonly #connections = new Map<number, Connection>();

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#admission = new Admission(options.limits, () => {
      options.log.warn("Connections refused: as many as allowed are open", {
        "server.connections.max": options.limits.connectionsMax,
      });
    });
    this.#server = tls.createServer({ ...this.#context(), ALPNProtocols: ["h2", "http/1.1"] });
    this.#server.on("connection", (socket) => this.#admission.admit(socket));
    this.#server.on("secureConnection", (client) => this.#join(client));
    this.#server.on("tlsClientError", (error, client) => {
      client.destroy();
      options.log.debug("TLS handshake failed", { "error.message": error.message });
    });
    this.#following.use(options.identity.onMaterial(() => this.#rotate()));
    this.#following.use(options.identity.onRevoked(() => this.#recheck()));
  }

  /** @returns the port, once it listens. */
  listen(hostname: string, port: number): Promise<number> {
    return new Promise((listening, failed) => {
      this.#server.once("error", failed);
      this.#server.listen(port, hostname, () => {
        this.#server.off("error", failed);
        this.#server.on("error", (error) => {
          this.#options.log.failure("TLS listener failed", error);
        });
        listening((this.#server.address() as net.AddressInfo).port);
      });
    });
  }

  /** The connection that reaches the inner server from `innerPort`, if it is one of ours. */
  connectionAt(innerPort: number): Connection | undefined {
    return this.#connections.get(innerPort);
  }

  /** Lets nobody in from here on, and closes each connection when nothing is in flight on it. */
  close(): void {
    this.#server.close();
    this.#admission.close();
    for (const connection of this.#connections.values()) connection.closeWhenIdle();
  }

  /** Resolves when the last connection has gone. */
  async closed(): Promise<void> {
    await this.#admission.empty();
    this.#following.dispose();
  }

  /** Closes every connection now, whatever is in flight. */
  cutAll(): void {
    for (const connection of this.#connections.values()) connection.cut();
    this.#admission.cutAll();
  }

  #context(): tls.TlsOptions {
    const { identity: { material: { cert, key, ca } }, verifier } = this.#options;
    if (!verifier) return { cert, key, minVersion: "TLSv1.2" };
    return { cert, key, ca, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.3" };
  }

  /** Open connections keep what they agreed on; the next handshake meets the new material. */
  #rotate(): void {
    // Typed too narrowly: a context that is set without these would ask for no client certificate.
    this.#server.setSecureContext(this.#context() as tls.SecureContextOptions);
    this.#recheck();
  }

  /** Cuts the connections of peers that are trusted no more. */
  #recheck(): void {
    for (const connection of this.#connections.values()) {
      const { certificate, peer } = connection;
      if (certificate && !this.#trusts(certificate.der, peer.clientIp)) connection.cut();
    }
  }

  #join(client: TLSSocket): void {
    client.on("error", () => client.destroy());
    const certificate = this.#admission.finish(client) && this.#identify(client);
    const reads = nativeReadsOf(client);
    if (certificate === false) return void client.destroy();
    if (!reads) {
      this.#options.log.error("Connection refused: this runtime cannot hold back an upload");
      return void client.destroy();
    }
    client.setNoDelay(true);
    const inner = net.connect({ host: loopback, port: this.#options.innerPort, noDelay: true });
    inner.once("error", () => client.destroy());
    client.once("close", () => inner.destroy());
    inner.once("connect", () => {
      const { limits } = this.#options;
      // The denylist may have changed while the inner connection was made.
      if (certificate && !this.#trusts(certificate.der, client.remoteAddress ?? "")) {
        return void client.destroy();
      }
      const onCut = (reason: string) => this.#logCut(reason, connection);
      const connection = new Connection({ client, reads, inner, certificate, limits, onCut });
      this.#register(connection, inner);
    });
  }

  /** Registered before the first byte goes in, and gone before the port can be anyone else's. */
  #register(connection: Connection, inner: net.Socket): void {
    const port = inner.localPort;
    if (port === undefined) return connection.cut();
    this.#connections.set(port, connection);
    inner.once("close", () => this.#connections.delete(port));
  }

  /** @returns the verified client certificate, undefined when none is asked for, false to refuse the client. */
  #identify(client: TLSSocket): PeerCertificate | undefined | false {
    if (!this.#options.verifier) return undefined;
    const { raw } = client.getPeerCertificate();
    const clientIp = client.remoteAddress ?? "";
    // A resumed session may come without any certificate: its ticket can be another server's.
    if (!client.authorized || !raw) return this.#refuse("no_certificate", clientIp);
    return this.#trusts(raw, clientIp);
  }

  #trusts(der: Uint8Array, clientIp: string): PeerCertificate | false {
    const verdict = this.#options.verifier?.verify(der, Date.now());
    if (verdict?.trusted) return verdict.certificate;
    return this.#refuse(verdict?.fault ?? "no_certificate", clientIp);
  }

  #refuse(fault: string, clientIp: string): false {
    const fields: Fields = { "tls.client.fault": fault, "client.ip": clientIp };
    this.#options.log.warn("Client certificate refused", fields);
    return false;
  }

  #logCut(reason: string, { peer }: Connection): void {
    const fields = { "connection.end": reason, "client.ip": peer.clientIp };
    this.#options.log.debug("Connection closed at its limit", fields);
  }
}
