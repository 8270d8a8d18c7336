import { peerUrl } from "platform/config";
import { ConnectionError, openPeerFetch, type PeerFetch, type TlsIdentity } from "platform/tls";
import { Balancer } from "./balancer.ts";
import type { Discovery } from "./discovery.ts";
import { NoInstanceError } from "./no_instance_error.ts";

/** The SPIFFE ID that a program's certificate carries. */
export function peerId(program: string): string {
  return `spiffe://sallyport/${program}`;
}

export interface PeerOptions {
  readonly identity: TlsIdentity;
  readonly discovery: Pick<Discovery, "watch">;
  readonly program: string;
}

/**
 * `fetch` over mutual TLS to the instances of one program: URLs below {@linkcode peerUrl} go to each of them
 * in turn; other URLs, and `Request`s, where they say. All of them go to servers with the program's SPIFFE ID
 * only. A call that did not reach its instance goes to another, and so does one that is safe to repeat
 * and whose connection broke.
 *
 * Failures are as those of `openPeerFetch`.
 */
export function openPeer({ identity, discovery, program }: PeerOptions): PeerFetch {
  const peer = openPeerFetch({ identity, peer: peerId(program) });
  const instances = discovery.watch(program);
  if (!instances) throw new Error(`Cannot call "${program}": discovery knows no such program`);
  return {
    fetch: balancedFetch({ program, fetch: peer.fetch, balancer: new Balancer(instances) }),
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  };
}

export interface BalancedFetchOptions {
  readonly program: string;
  readonly fetch: typeof fetch;
  readonly balancer: Balancer;
}

/** As {@linkcode openPeer}, over a `fetch` that is there already. */
export function balancedFetch({ program, fetch, balancer }: BalancedFetchOptions): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (input instanceof Request || url.origin !== peerUrl(program)) return fetch(input, init);
    const path = url.href.slice(url.origin.length);
    const tried = new Set<string>();
    for (;;) {
      const origin = balancer.pick(tried);
      if (origin === undefined) throw new NoInstanceError(program);
      try {
        const response = await fetch(`${origin}${path}`, init);
        balancer.succeeded(origin);
        return response;
      } catch (thrown) {
        if (!(thrown instanceof ConnectionError)) throw thrown;
        balancer.failed(origin);
        tried.add(origin);
        if (!balancer.hasOther(tried) || !isRepeatable(thrown, init)) throw thrown;
      }
    }
  };
}

function isRepeatable({ isUnsent }: ConnectionError, init: RequestInit = {}): boolean {
  if (init.signal?.aborted || init.body instanceof ReadableStream) return false;
  const { method = "GET" } = init;
  return isUnsent || method === "GET" || method === "HEAD";
}
