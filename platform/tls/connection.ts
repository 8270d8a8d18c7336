import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { ConnectionDeadlines, type CutReason } from "./connection_deadlines.ts";
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
  /** The address the connection came from. */
  readonly clientIp: string;
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

/** One client's connection, joined to the inner server and held to its limits. */
export class Connection {
  readonly peer: Peer;
  readonly certificate: PeerCertificate | undefined;
  readonly #client: TLSSocket;
  readonly #inner: Socket;
  readonly #deadlines: ConnectionDeadlines;
  #deliveredBytes = 0;

  constructor({ client, reads, inner, certificate, limits, onCut }: ConnectionOptions) {
    this.#client = client;
    this.#inner = inner;
    this.certificate = certificate;
    this.peer = {
      spiffeId: certificate?.spiffeId ?? "",
      thumbprint: certificate?.thumbprint ?? "",
      clientIp: (client.remoteAddress ?? "").replace(/^::ffff:/, ""),
    };
    this.#deadlines = new ConnectionDeadlines({
      limits,
      isSerial: client.alpnProtocol !== "h2",
      expiresInMs: certificate ? certificate.validToMs - Date.now() : Infinity,
      isDelivering: () => this.#isDelivering(),
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
  #isDelivering(): boolean {
    const { bytesWritten, writableNeedDrain } = this.#client;
    const moved = bytesWritten - this.#client.writableLength > this.#deliveredBytes;
    this.#deliveredBytes = bytesWritten - this.#client.writableLength;
    return writableNeedDrain && moved;
  }
}
