import { isIP } from "node:net";
import type tls from "node:tls";
import type { TLSSocket } from "node:tls";
import { exchange, ExchangeError } from "./exchange.ts";
import { isRepeatable, outgoingRequest } from "./outgoing_request.ts";
import { type ConnectionPolicy, PeerAgent } from "./peer_agent.ts";
import { readPeerCertificate } from "./peer_certificate.ts";
import { PeerVerifier } from "./peer_verifier.ts";
import { namesHost } from "./server_name.ts";
import type { TlsIdentity } from "./tls_identity.ts";

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
  /** PEM text of the CAs, one of which must have signed the server's certificate. */
  readonly ca: string;
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 60_000;

/**
 * `fetch` over mutual TLS that shows our certificate to the one peer it is meant for. Nothing of a request
 * is sent before the server has proved to be that peer; on a later change of material or denylist, too.
 *
 * Failures are a `TypeError` with the `cause`, timeouts a `DOMException` named `TimeoutError`.
 */
export function openPeerFetch(
  { identity, peer, timeoutMs = defaultTimeoutMs }: PeerFetchOptions,
): PeerFetch {
  const verifier = new PeerVerifier(identity, "server");
  const policy = peerPolicy(identity, verifier, peer);
  const agents = { current: new PeerAgent(policy), retired: new Set<PeerAgent>() };
  const following = new DisposableStack();
  following.use(verifier);
  following.use(identity.onRevoked(() => {
    for (const agent of [agents.current, ...agents.retired]) agent.recheck();
  }));
  following.use(identity.onMaterial(() => {
    const retired = agents.current;
    agents.current = new PeerAgent(policy);
    retired.retire();
    retired.recheck();
    agents.retired.add(retired);
    for (const agent of agents.retired) if (agent.isEmpty) agents.retired.delete(agent);
  }));
  return {
    fetch: fetchOver(() => agents.current, timeoutMs),
    async [Symbol.asyncDispose]() {
      following.dispose();
      await Promise.all([agents.current, ...agents.retired].map((agent) => agent.cut()));
    },
  };
}

/** `fetch` for a server known by its host name alone, such as the public edge: trusts `ca` and no other. */
export function openTrustedFetch(
  { ca, timeoutMs = defaultTimeoutMs }: TrustedFetchOptions,
): PeerFetch {
  const agent = new PeerAgent({
    // An address is no name to announce.
    options: (host) => ({ ca, ...(isIP(host) ? {} : { servername: host }), minVersion: "TLSv1.2" }),
    verify(socket, host) {
      const { raw } = socket.getPeerCertificate();
      if (!socket.authorized || !raw) throw refusal(host, "it shows no certificate of the CA");
      const certificate = readPeerCertificate(raw);
      if (!namesHost(certificate, host)) throw refusal(host, "its certificate is for another host");
      return certificate.validToMs - Date.now();
    },
  });
  return {
    fetch: fetchOver(() => agent, timeoutMs),
    [Symbol.asyncDispose]: () => agent.cut(),
  };
}

function peerPolicy(identity: TlsIdentity, verifier: PeerVerifier, peer: string): ConnectionPolicy {
  const servername = peer.slice(peer.lastIndexOf("/") + 1);
  return {
    options(): tls.ConnectionOptions {
      const { cert, key, ca } = identity.material;
      return { cert, key, ca, servername, minVersion: "TLSv1.3" };
    },
    verify(socket: TLSSocket): number {
      const { raw } = socket.getPeerCertificate();
      if (!socket.authorized || !raw) throw refusal(peer, "it shows no certificate of our CA");
      const verdict = verifier.verify(raw, Date.now());
      if (!verdict.trusted) throw refusal(peer, `its certificate is refused: ${verdict.fault}`);
      const { spiffeId, validToMs } = verdict.certificate;
      if (spiffeId !== peer) throw refusal(peer, "its certificate is another program's");
      return validToMs - Date.now();
    },
  };
}

function refusal(peer: string, reason: string): Error {
  return new Error(`Cannot trust server as "${peer}": ${reason}`);
}

function fetchOver(agentNow: () => PeerAgent, timeoutMs: number): typeof fetch {
  return async (input, init) => {
    const outgoing = outgoingRequest(input, init);
    try {
      return await exchange(outgoing, agentNow(), timeoutMs).catch((thrown) => {
        const isStale = thrown instanceof ExchangeError && thrown.isStale;
        if (!isStale || !isRepeatable(outgoing)) throw thrown;
        // The others in the pool are as old: what killed this one has likely killed them.
        agentNow().dropIdle();
        return exchange(outgoing, agentNow(), timeoutMs);
      });
    } catch (thrown) {
      if (!(thrown instanceof ExchangeError)) throw thrown;
      const { cause } = thrown;
      const reason = cause instanceof Error ? cause.message : "the connection failed";
      throw new TypeError(`Cannot fetch "${outgoing.url.origin}": ${reason}`, { cause });
    }
  };
}
