import { isIP } from "node:net";
import type tls from "node:tls";
import type { TLSSocket } from "node:tls";
import { ConnectionError } from "./connection_error.ts";
import { exchange, ExchangeError } from "./exchange.ts";
import { isRepeatable, type OutgoingRequest, outgoingRequest } from "./outgoing_request.ts";
import type { PeerCertificate } from "./peer_certificate.ts";
import { PeerPool } from "./peer_pool.ts";
import { PeerVerifier, type Trust } from "./peer_verifier.ts";
import { namesHost } from "./server_name.ts";
import type { TlsIdentity } from "./tls_identity.ts";
import type { ConnectionPolicy } from "./verified_socket.ts";

/**
 * `fetch` over kept-alive connections to verified servers. It differs from the global one: redirects are
 * answers like others, bodies are not decompressed, and request headers such as `host` are the caller's.
 * Disposal cuts what is in flight.
 */
export interface PeerFetch extends AsyncDisposable {
  readonly fetch: typeof fetch;
}

export interface PeerFetchOptions {
  readonly identity: TlsIdentity;
  /** The SPIFFE ID that the server's certificate must carry as its only URI SAN. */
  readonly peer: string;
  /** How long the head of a response may take, and then each piece of its body. */
  readonly timeoutMs?: number;
}

export interface TrustedFetchOptions {
  /** Whose CAs are trusted, and whose denylist counts. Its own certificate is not shown. */
  readonly identity: TlsIdentity;
  readonly timeoutMs?: number;
}

export interface ServerFetchOptions extends Omit<PeerFetchOptions, "peer"> {
  /** PEM of the CAs that vouch for the server, and whose change is another fetch; our own when absent. */
  readonly ca?: string | undefined;
}

/** Whose certificates count, and what must hold of a connection. */
export interface ServerTrust {
  readonly trusted: Trust;
  readonly policyOf: (verifier: PeerVerifier) => ConnectionPolicy;
}

interface HostPolicyOptions {
  readonly identity: TlsIdentity;
  readonly verifier: PeerVerifier;
  /** Our certificate and key, or nothing, when a connection begins. */
  readonly shown: () => tls.ConnectionOptions;
  readonly ca?: string | undefined;
}

const defaultTimeoutMs = 60_000;

/**
 * `fetch` over mutual TLS that shows our certificate to the one peer it is meant for. Nothing of a request
 * is sent before the server has proved to be that peer; on a later change of material or denylist, too.
 *
 * Failures are a {@linkcode ConnectionError} with the `cause`, timeouts a `DOMException` named `TimeoutError`.
 */
export function openPeerFetch(
  { identity, peer, timeoutMs = defaultTimeoutMs }: PeerFetchOptions,
): PeerFetch {
  return openFetch(identity, peerTrust(identity, peer), timeoutMs);
}

/**
 * `fetch` for a server of our CA that is known by its host name alone, such as the public edge. It follows
 * changes of CA and denylist, too.
 */
export function openTrustedFetch(
  { identity, timeoutMs = defaultTimeoutMs }: TrustedFetchOptions,
): PeerFetch {
  const shown = () => ({});
  const policyOf = (verifier: PeerVerifier) => hostPolicy({ identity, verifier, shown });
  return openFetch(identity, { trusted: identity, policyOf }, timeoutMs);
}

/** As {@linkcode openTrustedFetch}, for a server that asks for our certificate. */
export function openServerFetch(
  { identity, ca, timeoutMs = defaultTimeoutMs }: ServerFetchOptions,
): PeerFetch {
  return openFetch(identity, serverTrust(identity, ca), timeoutMs);
}

/** Which servers are trusted that are known by their host name, and what they are shown. */
export function serverTrust(identity: TlsIdentity, ca: string | undefined): ServerTrust {
  const shown = () => ({ cert: identity.material.cert, key: identity.material.key });
  return {
    trusted: ca === undefined ? identity : fixedTrust(identity, ca),
    policyOf: (verifier) => hostPolicy({ identity, verifier, shown, ca }),
  };
}

/** The same for the one program that carries this SPIFFE ID. */
export function peerTrust(identity: TlsIdentity, peer: string): ServerTrust {
  return { trusted: identity, policyOf: (verifier) => peerPolicy(identity, verifier, peer) };
}

/** CAs that do not change. */
function fixedTrust(identity: TlsIdentity, ca: string): Trust {
  return {
    material: { ca },
    isRevoked: (serial) => identity.isRevoked(serial),
    onMaterial: () => ({ [Symbol.dispose]() {} }),
  };
}

/** Connections that are as good as the identity and its denylist are at any moment. */
function openFetch(
  identity: TlsIdentity,
  { trusted, policyOf }: ServerTrust,
  timeoutMs: number,
): PeerFetch {
  const verifier = new PeerVerifier(trusted, "server");
  const policy = policyOf(verifier);
  const pools = { current: new PeerPool(policy, timeoutMs), retired: new Set<PeerPool>() };
  const following = new DisposableStack();
  following.use(verifier);
  following.use(identity.onRevoked(() => {
    for (const pool of [pools.current, ...pools.retired]) pool.recheck();
  }));
  following.use(identity.onMaterial(() => {
    pools.current.retire();
    pools.retired.add(pools.current);
    pools.current = new PeerPool(policy, timeoutMs);
    for (const pool of pools.retired) {
      pool.recheck();
      if (pool.isEmpty) pools.retired.delete(pool);
    }
  }));
  return {
    fetch: fetchOver(() => pools.current, timeoutMs),
    async [Symbol.asyncDispose]() {
      following.dispose();
      await Promise.all([pools.current, ...pools.retired].map((pool) => pool.cut()));
    },
  };
}

/** What a connection to `peer` must be opened with, and what must hold before a word goes out. */
export function peerPolicy(
  identity: TlsIdentity,
  verifier: PeerVerifier,
  peer: string,
): ConnectionPolicy {
  const servername = peer.slice(peer.lastIndexOf("/") + 1);
  return {
    options(): tls.ConnectionOptions {
      const { cert, key, ca } = identity.material;
      return { cert, key, ca, servername, minVersion: "TLSv1.3" };
    },
    verify(socket: TLSSocket): number {
      const { spiffeId, validToMs } = trusted(socket, verifier, peer);
      if (spiffeId !== peer) throw refusal(peer, "its certificate is another program's");
      return validToMs - Date.now();
    },
  };
}

function hostPolicy({ identity, verifier, shown, ca }: HostPolicyOptions): ConnectionPolicy {
  return {
    options(host): tls.ConnectionOptions {
      // An address is no name to announce.
      const name = isIP(host) ? {} : { servername: host };
      return { ca: ca ?? identity.material.ca, ...shown(), ...name, minVersion: "TLSv1.2" };
    },
    verify(socket, host): number {
      const certificate = trusted(socket, verifier, host);
      if (!namesHost(certificate, host)) throw refusal(host, "its certificate is for another host");
      return certificate.validToMs - Date.now();
    },
  };
}

/** The certificate of whoever answers. @throws unless it is to be trusted at this moment. */
function trusted(socket: TLSSocket, verifier: PeerVerifier, server: string): PeerCertificate {
  const { raw } = socket.getPeerCertificate();
  if (!socket.authorized || !raw) throw refusal(server, "it shows no certificate of our CA");
  const verdict = verifier.verify(raw, Date.now());
  if (!verdict.trusted) throw refusal(server, `its certificate is refused: ${verdict.fault}`);
  return verdict.certificate;
}

function refusal(peer: string, reason: string): Error {
  return new Error(`Cannot trust server as "${peer}": ${reason}`);
}

function fetchOver(poolNow: () => PeerPool, timeoutMs: number): typeof fetch {
  return async (input, init) => {
    const outgoing = outgoingRequest(input, init);
    try {
      return await exchange(outgoing, poolNow(), timeoutMs);
    } catch (thrown) {
      const isStale = thrown instanceof ExchangeError && thrown.isStale;
      if (!isStale || !isRepeatable(outgoing)) throw connectionError(thrown, outgoing);
    }
    // The others in the pool are as old: what killed this one has likely killed them.
    poolNow().dropIdle();
    try {
      return await exchange(outgoing, poolNow(), timeoutMs);
    } catch (thrown) {
      throw connectionError(thrown, outgoing);
    }
  };
}

/** What failed of a connection, by the name of its server; whatever else it was stays as it is. */
function connectionError(thrown: unknown, { target }: OutgoingRequest): unknown {
  if (!(thrown instanceof ExchangeError)) return thrown;
  const { cause, isUnsent } = thrown;
  const reason = cause instanceof Error ? cause.message : "the connection failed";
  const message = `Cannot fetch "https://${target.authority}": ${reason}`;
  return new ConnectionError(message, isUnsent, { cause });
}
