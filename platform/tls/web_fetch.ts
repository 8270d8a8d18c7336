import type { PeerFetch } from "./peer_fetch.ts";

export interface WebFetchOptions {
  /** PEM of a CA that vouches for the servers beside those that the runtime trusts. */
  readonly ca?: string | undefined;
}

/**
 * `fetch` for servers that are not the platform's: known by their host names, to the runtime's CAs or to
 * one more. It shows no certificate of ours, and takes a redirect for a failure: whoever is asked answers.
 * Does not follow changes of the CA, nor the platform's denylist.
 */
export function openWebFetch({ ca }: WebFetchOptions = {}): PeerFetch {
  const client = Deno.createHttpClient({ caCerts: ca === undefined ? [] : [ca] });
  return {
    fetch: (input, init) => fetch(input, { redirect: "error", ...init, client }),
    [Symbol.asyncDispose]() {
      client.close();
      return Promise.resolve();
    },
  };
}
