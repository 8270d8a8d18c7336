import { fakeGateway, type FakeGatewayOptions } from "gateway/testing";
import { openPeerFetch, type TlsServerOptions } from "platform/tls";
import {
  aRecordingUpstream,
  type RawAnswer,
  type RecordedRequest,
  type RecordingUpstream,
} from "./recording_upstream.ts";
import { anAuthority, anEdge, connect, type TestClient, TestIdentity } from "./tls_fixture.ts";

export interface GatewayOptions extends Pick<FakeGatewayOptions, "authenticate" | "wait"> {
  readonly limits?: TlsServerOptions["limits"];
  /** How long the gateway waits for each piece of a body, in ms. */
  readonly writeTimeoutMs?: number;
  /** More of `gateway.yaml`'s routes, each indented by six. */
  readonly routes?: string;
  readonly answer?: RawAnswer;
}

/** The gateway on a socket, with one service behind it that keeps what it was sent. */
export interface ListeningGateway extends AsyncDisposable {
  readonly port: number;
  /** As clients write it in `Host`. */
  readonly host: string;
  /** The CA that clients trust. */
  readonly ca: string;
  readonly upstream: RecordingUpstream;
  connect(): Promise<TestClient>;
  /** Whether a client that behaves is answered by the service. */
  isWell(): Promise<boolean>;
}

/** One route for everybody, `/public`, and one for those with a token and the role `admin`. */
function yamlOf({ writeTimeoutMs = 10_000, routes = "" }: GatewayOptions): string {
  return `_format_version: "3.0"
plugins:
  - name: request-size-limiting
    config: { allowed_payload_size: 64, size_unit: kilobytes }
services:
  - name: orders
    url: https://orders
    write_timeout: ${writeTimeoutMs}
    read_timeout: 10000
    retries: 0
    routes:
      - { name: public, paths: ["~/public(/[^/]+)?$"], strip_path: false, tags: [public] }
      - name: admin
        paths: ["~/admin(/[^/]+)?$"]
        strip_path: false
        plugins: [{ name: acl, config: { allow: [admin] } }]
${routes}`;
}

export async function aListeningGateway(options: GatewayOptions = {}): Promise<ListeningGateway> {
  const { limits = {}, answer } = options;
  await using opening = new AsyncDisposableStack();
  const ca = await anAuthority();
  const identity = opening.use(new TestIdentity(await ca.leaf("gateway"), ca));
  const orders = opening.use(new TestIdentity(await ca.leaf("orders"), ca));
  const upstream = opening.use(await aRecordingUpstream(orders, answer));
  const peer = opening.use(openPeerFetch({ identity, peer: "spiffe://sallyport/orders" }));
  const edge = opening.use(
    await anEdge({
      identity,
      limits,
      drainMs: 500,
      handler: (request, peer) => app.fetch(request, { peer }),
    }),
  );
  const host = `localhost:${edge.port}`;
  const { app } = fakeGateway({
    yaml: yamlOf(options),
    fetchFor: () => peer.fetch,
    discovery: { watch: () => ({ origins: [`https://localhost:${upstream.port}`] }) },
    edge: new URL(`https://${host}`),
  });
  const { port } = edge;
  const open = () => connect({ port }, { ca: ca.pem.cert });
  const opened = opening.move();
  return {
    port,
    host,
    ca: ca.pem.cert,
    upstream,
    connect: open,
    async isWell() {
      await using client = await open();
      client.send(`GET /public/well HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      await client.hears("\r\n\r\nok");
      return client.heard.startsWith("HTTP/1.1 200 ");
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** What became of bytes that a client sent. */
export interface Outcome {
  /** The statuses of the answers, in order. None when the connection was closed without one. */
  readonly statuses: readonly number[];
  readonly heard: string;
}

/** Sends `text`, each character one octet, and hears until the gateway hangs up. */
export async function sendBytes(gateway: ListeningGateway, text: string): Promise<Outcome> {
  await using client = await gateway.connect();
  client.socket.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  await client.closed();
  const { heard } = client;
  return {
    statuses: [...heard.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, code]) => +code!),
    heard,
  };
}

/** The requests among those of the upstream that have to do with `word`. */
export function asksOf(upstream: RecordingUpstream, word: string): readonly RecordedRequest[] {
  return upstream.requests.filter(({ line }) => line.includes(word));
}
