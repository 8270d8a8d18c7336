import net from "node:net";
import tls, { type TLSSocket } from "node:tls";
import type { Fields, Logger } from "platform/telemetry";
import { Admission } from "./admission.ts";
import type { ClientAuthorities } from "./client_authorities.ts";
import { Connection, type FrontConnection, type Peer, peerOf } from "./connection.ts";
import { Http1Connection } from "./http1_connection.ts";
import { type NativeReads, nativeReadsOf } from "./native_reads.ts";
import type { PeerCertificate } from "./peer_certificate.ts";
import type { PeerVerifier } from "./peer_verifier.ts";
import type { ServerCertificates } from "./server_certificates.ts";
import type { ServerLimits } from "./server_limits.ts";
import type { TlsIdentity } from "./tls_identity.ts";

/** How clients are known on a server that demands certificates of them. */
export interface ClientCheck {
  readonly verifier: PeerVerifier;
  /** Who vouches for clients, when it is not the CA of our own identity. */
  readonly authorities?: ClientAuthorities;
}

export interface FrontOptions {
  readonly identity: TlsIdentity;
  /** Present on a server that demands client certificates. */
  readonly clients: ClientCheck | undefined;
  /** What clients are shown that ask for other names than our own. */
  readonly certificates?: ServerCertificates;
  readonly limits: ServerLimits;
  readonly log: Logger;
  /** Where the inner server listens, on loopback. */
  readonly innerPort: number;
  /** Whether other servers of this user may listen on the same port: the system shares connections out. */
  readonly reusePort?: boolean;
  /** Answers requests of HTTP/1.1. Never throws, and never fails. */
  readonly answer: (request: Request, peer: Peer) => Promise<Response>;
}

interface JoiningInner {
  readonly client: TLSSocket;
  readonly reads: NativeReads;
  readonly certificate: PeerCertificate | undefined;
  /** What the client has sent already. */
  readonly bytes?: Uint8Array;
}

export const loopback = "127.0.0.1";

/**
 * The TLS side of a server: ends TLS, decides who may come in, speaks HTTP/1.1 itself, and carries the bytes of
 * HTTP/2, and of what becomes a WebSocket, to an inner server that believes no one else. Needed because `Deno.serve` can ask for no client certificate
 * (denoland/deno#26825) and waits forever for slow clients.
 */
export class Front {
  readonly #options: FrontOptions;
  readonly #server: tls.Server;
  readonly #admission: Admission;
  readonly #following = new DisposableStack();
  /** By the port from which the front reaches the inner server. */
  readonly #connections = new Map<number, Connection>();
  readonly #open = new Set<FrontConnection>();
  #isClosing = false;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#admission = new Admission(options.limits, () => {
      options.log.warn("Connections refused: as many as allowed are open", {
        "server.connections.max": options.limits.connectionsMax,
      });
    });
    this.#server = tls.createServer({
      ...this.#context(),
      ALPNProtocols: ["h2", "http/1.1"],
      ...options.certificates && { SNICallback: contextChooser(options.certificates) },
    });
    this.#server.on("connection", (socket) => this.#admit(socket));
    this.#server.on("secureConnection", (client) => this.#join(client));
    this.#server.on("tlsClientError", (error, client) => {
      client.destroy();
      options.log.debug("TLS handshake failed", { "error.message": error.message });
    });
    this.#following.use(options.identity.onMaterial(() => this.#rotate()));
    this.#following.use(options.identity.onRevoked(() => this.#recheck()));
    const { authorities } = options.clients ?? {};
    if (authorities) this.#following.use(authorities.onChange(() => this.#rotate()));
  }

  /** @returns the port, once it listens. */
  listen(hostname: string, port: number): Promise<number> {
    return new Promise((listening, failed) => {
      this.#server.once("error", failed);
      const { reusePort = false } = this.#options;
      this.#server.listen({ port, host: hostname, reusePort }, () => {
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
    this.#isClosing = true;
    this.#server.close();
    this.#admission.close();
    for (const connection of this.#open) connection.closeWhenIdle();
  }

  /** Resolves when the last connection has gone. */
  async closed(): Promise<void> {
    await this.#admission.empty();
    this.#following.dispose();
  }

  /** Closes every connection now, whatever is in flight. */
  cutAll(): void {
    for (const connection of this.#open) connection.cut();
    this.#admission.cutAll();
  }

  #context(): tls.TlsOptions {
    const { identity: { material: { cert, key, ca: ownCa } }, clients } = this.#options;
    if (!clients) return { cert, key, minVersion: "TLSv1.2" };
    // Without any authority nobody comes as far as to a handshake, but a context needs one.
    const ca = clients.authorities?.ca || ownCa;
    return { cert, key, ca, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.3" };
  }

  #admit(socket: net.Socket): void {
    if (this.#options.clients?.authorities?.ca === "") return void socket.destroy();
    this.#admission.admit(socket);
  }

  /** Open connections keep what they agreed on; the next handshake meets the new material. */
  #rotate(): void {
    try {
      // Typed too narrowly: a context that is set without these would ask for no client certificate.
      this.#server.setSecureContext(this.#context() as tls.SecureContextOptions);
    } catch (thrown) {
      this.#options.log.failure("Cannot offer new handshakes: the TLS library refuses", thrown);
    }
    this.#recheck();
  }

  /** Cuts the connections of peers that are trusted no more. */
  #recheck(): void {
    for (const connection of this.#open) {
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
    if (client.alpnProtocol === "h2") this.#joinInner({ client, reads, certificate });
    else this.#serve(client, reads, certificate);
  }

  #serve(client: TLSSocket, reads: NativeReads, certificate: PeerCertificate | undefined): void {
    const { limits, answer } = this.#options;
    const peer = peerOf(client, certificate);
    const onCut = (reason: string) => this.#logCut(reason, connection);
    const connection: Http1Connection = new Http1Connection({
      client,
      reads,
      peer,
      certificate,
      limits,
      onCut,
      answer,
      handOver: (bytes) => {
        this.#open.delete(connection);
        this.#joinInner({ client, reads, certificate, bytes });
      },
    });
    this.#open.add(connection);
    client.once("close", () => this.#open.delete(connection));
  }

  #joinInner({ client, reads, certificate, bytes }: JoiningInner): void {
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
      if (this.#isClosing) connection.closeWhenIdle();
      if (!bytes) return;
      inner.write(bytes);
      reads.readStart();
      client.resume();
    });
  }

  /** Registered before the first byte goes in, and gone before the port can be anyone else's. */
  #register(connection: Connection, inner: net.Socket): void {
    const port = inner.localPort;
    if (port === undefined) return connection.cut();
    this.#connections.set(port, connection);
    this.#open.add(connection);
    inner.once("close", () => {
      this.#connections.delete(port);
      this.#open.delete(connection);
    });
  }

  /** @returns the verified client certificate, undefined when none is asked for, false to refuse the client. */
  #identify(client: TLSSocket): PeerCertificate | undefined | false {
    if (!this.#options.clients) return undefined;
    const { raw } = client.getPeerCertificate();
    const clientIp = client.remoteAddress ?? "";
    // A resumed session may come without any certificate: its ticket can be another server's.
    if (!client.authorized || !raw) return this.#refuse("no_certificate", clientIp);
    return this.#trusts(raw, clientIp);
  }

  #trusts(der: Uint8Array, clientIp: string): PeerCertificate | false {
    const verdict = this.#options.clients?.verifier.verify(der, Date.now());
    if (verdict?.trusted) return verdict.certificate;
    return this.#refuse(verdict?.fault ?? "no_certificate", clientIp);
  }

  #refuse(fault: string, clientIp: string): false {
    const fields: Fields = { "tls.client.fault": fault, "client.ip": clientIp };
    this.#options.log.warn("Client certificate refused", fields);
    return false;
  }

  #logCut(reason: string, { peer }: FrontConnection): void {
    const fields = { "connection.end": reason, "client.ip": peer.clientIp };
    this.#options.log.debug("Connection closed at its limit", fields);
  }
}

function contextChooser(certificates: ServerCertificates): tls.TlsOptions["SNICallback"] {
  return (serverName, choose) => choose(null, certificates.contextFor(serverName));
}
