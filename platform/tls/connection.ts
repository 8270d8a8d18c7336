import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { ConnectionDeadlines, type CutReason, type Delivery } from "./connection_deadlines.ts";
import type { NativeReads } from "./native_reads.ts";
import type { PeerCertificate } from "./peer_certificate.ts";
import { pump } from "./pump.ts";
import type { ServerLimits } from "./server_limits.ts";

/** Who is at the other end of a connection. */
export interface Peer {
  /** The SPIFFE ID in the client certificate; empty on a server that asks for none. */
  readonly spiffeId: string;
  /** The `x5t#S256` of the client certificate (RFC 8705); empty on a server that asks for none. */
  readonly thumbprint: string;
  /** The client certificate, verified; undefined on a server that asks for none. */
  readonly certificate?: PeerCertificate | undefined;
  /** What the client asked for in its handshake; empty when it named nobody. */
  readonly serverName: string;
  /** The address the connection came from. */
  readonly clientIp: string;
}

/** One client's connection, as the front knows it. */
export interface FrontConnection {
  readonly peer: Peer;
  readonly certificate: PeerCertificate | undefined;
  /** Lets requests in flight finish, then closes. */
  closeWhenIdle(): void;
  /** Closes now, whatever is in flight. */
  cut(): void;
}

/** Who is at the other end of `client`. */
export function peerOf(client: TLSSocket, certificate: PeerCertificate | undefined): Peer {
  return {
    spiffeId: certificate?.spiffeId ?? "",
    thumbprint: certificate?.thumbprint ?? "",
    certificate,
    serverName: serverNameOf(client),
    clientIp: (client.remoteAddress ?? "").replace(/^::ffff:/, ""),
  };
}

/** The types know it on the client's side only; without one it is `false`. */
function serverNameOf(client: TLSSocket): string {
  const { servername } = client as { readonly servername?: unknown };
  return typeof servername === "string" ? servername : "";
}

export interface ConnectionOptions {
  readonly client: TLSSocket;
  readonly reads: NativeReads;
  /** Connected to the inner server. */
  readonly inner: Socket;
  readonly certificate: PeerCertificate | undefined;
  readonly limits: ServerLimits;
  readonly onCut: (reason: CutReason) => void;
}

/** A connection in HTTP/2, joined to the inner server and held to its limits. */
export class Connection implements FrontConnection {
  readonly peer: Peer;
  readonly certificate: PeerCertificate | undefined;
  readonly #client: TLSSocket;
  readonly #inner: Socket;
  readonly #deadlines: ConnectionDeadlines;
  #takenBytes = 0;

  constructor({ client, reads, inner, certificate, limits, onCut }: ConnectionOptions) {
    this.#client = client;
    this.#inner = inner;
    this.certificate = certificate;
    this.peer = peerOf(client, certificate);
    this.#deadlines = new ConnectionDeadlines({
      limits,
      isSerial: client.alpnProtocol !== "h2",
      expiresInMs: certificate ? certificate.validToMs - Date.now() : Infinity,
      delivery: () => this.#delivery(),
      cut: (reason) => {
        onCut(reason);
        this.cut();
      },
    });
    client.once("close", () => this.#deadlines[Symbol.dispose]());
    pump({ client, reads, inner, onClientBytes: () => this.#deadlines.bytesArrived() });
  }

  /** @param sent settles when the answer has left the inner server, or never will. */
  requestBegan(sent: Promise<unknown>): void {
    this.#deadlines.requestBegan();
    const ended = () => this.#deadlines.requestEnded();
    sent.then(ended, ended);
  }

  /** Lets requests in flight finish, then closes. */
  closeWhenIdle(): void {
    this.#deadlines.closeWhenIdle();
  }

  /** Closes now, whatever is in flight. */
  cut(): void {
    this.#client.destroy();
    this.#inner.destroy();
  }

  /** The inner server is done with an answer before a slow client is: that client is not idle. */
  #delivery(): Delivery {
    const { bytesWritten, writableLength } = this.#client;
    const takenBytes = bytesWritten - writableLength;
    const hasMoved = takenBytes > this.#takenBytes;
    this.#takenBytes = takenBytes;
    return { isPending: writableLength > 0, hasMoved };
  }
}
