import tls, { type TLSSocket } from "node:tls";
import { ConnectionError } from "./connection_error.ts";
import { nativeReadsOf } from "./native_reads.ts";
import {
  type PeerFetchOptions,
  peerTrust,
  type ServerFetchOptions,
  type ServerTrust,
  serverTrust,
} from "./peer_fetch.ts";
import { PeerVerifier } from "./peer_verifier.ts";
import type { TlsIdentity } from "./tls_identity.ts";

/** A connection to a verified peer, for a protocol that takes it over. */
export interface PeerSocket {
  readonly socket: TLSSocket;
  /** Stops and restarts reading from the network: pausing the socket alone goes on reading into memory. */
  hold(): void;
  flow(): void;
}

/** Connections of their own to one peer. Disposal cuts them. */
export interface PeerSockets extends AsyncDisposable {
  /**
   * A new connection to `origin`, over which nothing has gone yet, to a server that has proved to be the
   * peer. It is cut when the server's certificate expires or is revoked.
   *
   * @throws {ConnectionError} and the signal's reason when it fires.
   */
  connect(origin: URL, signal: AbortSignal): Promise<PeerSocket>;
}

const connectTimeoutMs = 10_000;
const timerMsMax = 2_147_483_647;

/** As `openPeerFetch`, for what is not fetched. */
export function openPeerSockets(
  { identity, peer }: Omit<PeerFetchOptions, "timeoutMs">,
): PeerSockets {
  return openSockets(identity, peerTrust(identity, peer));
}

/** As `openServerFetch`, for what is not fetched. */
export function openServerSockets(
  { identity, ca }: Omit<ServerFetchOptions, "timeoutMs">,
): PeerSockets {
  return openSockets(identity, serverTrust(identity, ca));
}

function openSockets(identity: TlsIdentity, { trusted, policyOf }: ServerTrust): PeerSockets {
  const verifier = new PeerVerifier(trusted, "server");
  const policy = policyOf(verifier);
  const open = new Map<TLSSocket, string>();
  const recheck = () => {
    for (const [socket, host] of open) {
      try {
        policy.verify(socket, host);
      } catch (thrown) {
        socket.destroy(thrown as Error);
      }
    }
  };
  const following = new DisposableStack();
  following.use(verifier);
  following.use(identity.onRevoked(recheck));
  following.use(identity.onMaterial(recheck));
  return {
    async connect(origin, signal) {
      const host = origin.hostname.replace(/^\[|\]$/g, "");
      const socket = tls.connect({
        ...policy.options(host),
        host,
        port: Number(origin.port || 443),
        ALPNProtocols: ["http/1.1"],
        rejectUnauthorized: true,
        // Reads names from unescaped text, which a certificate can forge: `verify` reads them from the DER.
        checkServerIdentity: () => undefined,
      });
      try {
        await handshake(socket, signal);
        const endsInMs = Math.min(policy.verify(socket, host), timerMsMax);
        const end = setTimeout(() => socket.destroy(), endsInMs);
        socket.once("close", () => clearTimeout(end));
        const held = heldSocket(socket);
        open.set(socket, host);
        socket.once("close", () => open.delete(socket));
        return held;
      } catch (cause) {
        socket.destroy();
        if (signal.aborted) throw signal.reason;
        const reason = cause instanceof Error ? cause.message : "the connection failed";
        throw new ConnectionError(`Cannot connect to "${origin.origin}": ${reason}`, true, {
          cause,
        });
      }
    },
    async [Symbol.asyncDispose]() {
      following.dispose();
      await Promise.all([...open.keys()].map((socket) =>
        new Promise<void>((resolve) => {
          socket.once("close", () => resolve());
          socket.destroy();
        })
      ));
    },
  };
}

/** Resolves when the TLS handshake is done. */
function handshake(socket: TLSSocket, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const cut = () => reject(signal.reason);
  const deadline = setTimeout(() => {
    reject(new Error("the TLS handshake took too long"));
  }, connectTimeoutMs);
  signal.addEventListener("abort", cut, { once: true });
  if (signal.aborted) cut();
  socket.setNoDelay(true);
  socket.once("secureConnect", () => resolve());
  // For as long as it lives: an error that nobody hears ends the process.
  socket.on("error", reject);
  socket.once("close", () => reject(new Error("the connection was closed in its handshake")));
  return promise.finally(() => {
    clearTimeout(deadline);
    signal.removeEventListener("abort", cut);
  });
}

function heldSocket(socket: TLSSocket): PeerSocket {
  const reads = nativeReadsOf(socket);
  if (!reads) throw new Error("this runtime cannot hold back a download");
  return {
    socket,
    hold() {
      socket.pause();
      if (!socket.destroyed) reads.readStop();
    },
    flow() {
      if (!socket.destroyed) reads.readStart();
      socket.resume();
    },
  };
}
