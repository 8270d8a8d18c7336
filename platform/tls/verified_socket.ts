import tls, { type TLSSocket } from "node:tls";
import { type NativeReads, nativeReadsOf } from "./native_reads.ts";

/** What a connection must be opened with, and what must hold before the first request byte goes out. */
export interface ConnectionPolicy {
  /** Asked anew for each connection, so that it sees the material in force. */
  options(host: string): tls.ConnectionOptions;
  /** When the connection must end, in ms from now. @throws when the server is not who it must be. */
  verify(socket: TLSSocket, host: string): number;
}

export interface SocketOptions {
  readonly policy: ConnectionPolicy;
  readonly host: string;
  readonly port: number;
  /** Called once: when the server has been verified, or when there is no connection to it. */
  readonly onSettled: (error: Error | null, reads?: NativeReads) => void;
}

const connectTimeoutMs = 10_000;
const timerMsMax = 2_147_483_647;

/** A connection that ends with the certificate of the server, at the latest. */
export function verifiedSocket({ policy, host, port, onSettled }: SocketOptions): TLSSocket {
  const socket = tls.connect({
    ...policy.options(host),
    host,
    port,
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: true,
    // Reads names from unescaped text, which a certificate can forge: `verify` reads them from the DER.
    checkServerIdentity: () => undefined,
  });
  socket.setNoDelay(true);
  let isSettled = false;
  const settle = (error: Error | null, reads?: NativeReads) => {
    if (isSettled) return;
    isSettled = true;
    onSettled(error, reads);
  };
  const deadline = setTimeout(() => {
    socket.destroy(new Error("Cannot connect: the TLS handshake took too long"));
  }, connectTimeoutMs);
  socket.once("secureConnect", () => {
    clearTimeout(deadline);
    try {
      settle(null, greet(socket, policy, host));
    } catch (thrown) {
      settle(thrown as Error);
      socket.destroy();
    }
  });
  socket.on("error", (error) => settle(error));
  socket.once("close", () => {
    clearTimeout(deadline);
    settle(new Error("Cannot connect: the connection was closed in its handshake"));
  });
  return socket;
}

function greet(socket: TLSSocket, policy: ConnectionPolicy, host: string): NativeReads {
  const reads = nativeReadsOf(socket);
  if (!reads) throw new Error("Cannot connect: this runtime cannot hold back a download");
  const endsInMs = Math.min(policy.verify(socket, host), timerMsMax);
  const end = setTimeout(() => socket.destroy(), endsInMs);
  socket.once("close", () => clearTimeout(end));
  return reads;
}
