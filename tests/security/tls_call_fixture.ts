import { openPeerFetch, type PeerFetch, type PeerHandler, type TlsServer } from "platform/tls";
import { aMutualServer, aPair, type TestAuthority, TestIdentity } from "./tls_fixture.ts";

export const ordersId = "spiffe://sallyport/orders";

export interface TestCall extends AsyncDisposable, Pick<PeerFetch, "fetch"> {
  readonly ca: TestAuthority;
  readonly server: TlsServer;
  /** The caller's. */
  readonly ours: TestIdentity;
  /** The server's. */
  readonly theirs: TestIdentity;
  readonly url: string;
}

/** A server that answers as orders, and a fetch by the gateway that expects `peer`. */
export async function aCall(
  { handler = () => new Response("ok"), peer = ordersId, timeoutMs = 5_000 }: {
    readonly handler?: PeerHandler;
    readonly peer?: string;
    readonly timeoutMs?: number;
  } = {},
): Promise<TestCall> {
  const { ca, identity, gateway } = await aPair();
  const server = await aMutualServer({ identity, handler, drainMs: 100 });
  const ours = new TestIdentity(gateway, ca);
  const peerFetch = openPeerFetch({ identity: ours, peer, timeoutMs });
  return {
    ca,
    server,
    ours,
    theirs: identity,
    fetch: peerFetch.fetch,
    url: `https://127.0.0.1:${server.port}/`,
    async [Symbol.asyncDispose]() {
      await peerFetch[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

export function isTimeout(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === "TimeoutError";
}
