/** Calls to the edge of one platform, trusting its certificate authority and no other. */
export interface EdgeClient extends Disposable {
  readonly url: string;
  /** As `fetch`, with a path of the edge. Redirects are answers, not followed. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

export async function openEdgeClient(
  { edgeUrl, caFile }: { readonly edgeUrl: string; readonly caFile: string },
): Promise<EdgeClient> {
  const client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(caFile)] });
  return {
    url: edgeUrl,
    fetch: (path, init) => fetch(new URL(path, edgeUrl), { redirect: "manual", ...init, client }),
    [Symbol.dispose]: () => client.close(),
  };
}
