import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { PeerHandler } from "platform/tls";
import { anEdgeScene, type EdgeScene, type EdgeSceneOptions } from "../fixtures/edge_scene.ts";
import { within } from "../security/tls_fixture.ts";

const mebibyte = 1_048_576;
const limitMs = 15_000;
/** What the buffers of the system and of TLS on the way may swallow, with room to spare. */
const heldBytesMax = 32 * mebibyte;
const stallMs = 400;

interface Socketed extends AsyncDisposable {
  readonly scene: EdgeScene;
  /** The service's side of each WebSocket, in order. */
  readonly served: Served[];
  open(path?: string, options?: OpenOptions): Promise<Client>;
}

interface Served {
  readonly socket: WebSocket;
  readonly request: Request;
  readonly closed: Promise<CloseEvent>;
}

interface OpenOptions {
  readonly headers?: Record<string, string>;
  readonly protocols?: string[];
}

/** A service that says back what it hears, on `/refuse` nothing but 403. */
async function sockets(options: Partial<EdgeSceneOptions> = {}): Promise<Socketed> {
  const served: Served[] = [];
  const service: PeerHandler = (request) => {
    if (new URL(request.url).pathname === "/refuse") return new Response("no", { status: 403 });
    const offered = request.headers.get("sec-websocket-protocol")?.split(", ") ?? [];
    const protocol = offered.at(-1);
    const { socket, response } = Deno.upgradeWebSocket(request, protocol ? { protocol } : {});
    socket.binaryType = "arraybuffer";
    const { promise: closed, resolve } = Promise.withResolvers<CloseEvent>();
    socket.onmessage = ({ data }) => socket.send(data);
    socket.onclose = resolve;
    socket.onerror = () => {};
    served.push({ socket, request, closed });
    return response;
  };
  const scene = await anEdgeScene({ service, ...options });
  const client = scene.client("h1");
  return {
    scene,
    served,
    open: (path = "/open", { headers = {}, protocols = [] } = {}) =>
      Client.open(`${scene.url.replace("https:", "wss:")}${path}`, { headers, protocols, client }),
    async [Symbol.asyncDispose]() {
      client.close();
      await scene[Symbol.asyncDispose]();
    },
  };
}

/** What a client asks that speaks for itself. */
function upgradeHead({ edge }: EdgeScene, path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: localhost:${edge.port}\r\nconnection: upgrade\r\n` +
    "upgrade: websocket\r\nsec-websocket-version: 13\r\n" +
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

/** A client's WebSocket, whose messages are asked for one by one. */
class Client implements AsyncDisposable {
  readonly #heard: (string | ArrayBuffer)[] = [];
  readonly closed: Promise<CloseEvent>;
  #waiting: ((data: string | ArrayBuffer) => void) | undefined;

  private constructor(readonly socket: WebSocket) {
    const { promise, resolve } = Promise.withResolvers<CloseEvent>();
    this.closed = promise;
    socket.binaryType = "arraybuffer";
    socket.onclose = resolve;
    socket.onmessage = ({ data }) => {
      if (!this.#waiting) return void this.#heard.push(data);
      this.#waiting(data);
      this.#waiting = undefined;
    };
  }

  /** @throws when there is no WebSocket. */
  static async open(
    url: string,
    options: {
      readonly headers: Record<string, string>;
      readonly protocols: string[];
      readonly client: Deno.HttpClient;
    },
  ): Promise<Client> {
    const socket = new WebSocket(url, options);
    const client = new Client(socket);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.onopen = () => resolve();
    socket.onerror = (event) => reject(new Error((event as ErrorEvent).message));
    await within(limitMs, promise);
    socket.onerror = () => {};
    return client;
  }

  next(): Promise<string | ArrayBuffer> {
    const heard = this.#heard.shift();
    if (heard !== undefined) return Promise.resolve(heard);
    return within(limitMs, new Promise((resolve) => this.#waiting = resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await within(limitMs, this.closed);
  }
}

Deno.test("messages go both ways through the gateway as they are, text and bytes, a large one too", async () => {
  await using there = await sockets();
  await using client = await there.open("/open/chat?room=1");
  client.socket.send("hello, wörld");
  equal(await client.next(), "hello, wörld");
  const large = crypto.getRandomValues(new Uint8Array(65_536));
  const bytes = new Uint8Array(mebibyte);
  for (let at = 0; at < bytes.length; at += large.length) bytes.set(large, at);
  client.socket.send(bytes);
  deepEqual(new Uint8Array(await client.next() as ArrayBuffer), bytes);
  client.socket.send("");
  equal(await client.next(), "");
  const [{ request }] = there.served as [Served];
  equal(new URL(request.url).pathname + new URL(request.url).search, "/chat?room=1");
  equal(request.headers.get("via"), "1.1 sallyport");
  equal(request.headers.get("x-forwarded-proto"), "https");
});

Deno.test("the service chooses the subprotocol", async () => {
  await using there = await sockets();
  await using client = await there.open("/open", { protocols: ["v1.chat", "v2.chat"] });
  equal(client.socket.protocol, "v2.chat");
});

Deno.test("when the client goes, the service is told with its code and reason", async () => {
  await using there = await sockets();
  const client = await there.open();
  client.socket.send("hello");
  await client.next();
  client.socket.close(4001, "enough");
  const { code, reason } = await within(limitMs, there.served[0]!.closed);
  deepEqual([code, reason], [4001, "enough"]);
  await within(limitMs, client.closed);
});

Deno.test("when the service goes, the client is told with its code and reason", async () => {
  await using there = await sockets();
  const client = await there.open();
  there.served[0]!.socket.close(4002, "closing time");
  const { code, reason } = await within(limitMs, client.closed);
  deepEqual([code, reason], [4002, "closing time"]);
});

Deno.test("without a token a client is refused before the service hears of it", async () => {
  await using there = await sockets();
  await rejects(there.open("/closed"));
  equal(there.served.length, 0);
  await using client = await there.open("/closed", { headers: { authorization: "Bearer ada" } });
  client.socket.send("hello");
  equal(await client.next(), "hello");
});

Deno.test("a page of another origin is refused, unless the route's cors names it", async () => {
  const plugins = `[{ name: cors, config: { origins: ["https://app.example"] } }]`;
  await using there = await sockets({ plugins });
  const from = (origin: string) => there.open("/open", { headers: { origin } });
  await rejects(from("https://evil.example"));
  await rejects(from("null"));
  equal(there.served.length, 0);
  for (const origin of ["https://app.example", there.scene.url]) {
    await using _client = await from(origin);
  }
});

Deno.test("what the service says instead of agreeing is passed on", async () => {
  await using there = await sockets();
  await using client = await there.scene.connect();
  client.send(
    upgradeHead(there.scene, "/open/refuse"),
  );
  await within(limitMs, client.hears("HTTP/1.1 403"));
});

Deno.test("no more WebSockets are open at one time than the limit says", async () => {
  await using there = await sockets({ webSockets: { socketsMax: 2 } });
  await using _first = await there.open();
  const second = await there.open();
  await rejects(there.open());
  await second[Symbol.asyncDispose]();
  await within(limitMs, there.served[1]!.closed);
  await using _third = await there.open();
});

Deno.test("a message that is too large ends it, whoever sent it", async () => {
  await using there = await sockets({ webSockets: { messageBytesMax: 1_000 } });
  const client = await there.open();
  client.socket.send(new Uint8Array(1_001));
  equal((await within(limitMs, client.closed)).code, 1009);
  const other = await there.open();
  there.served[1]!.socket.send(new Uint8Array(1_001));
  await within(limitMs, other.closed);
  await within(limitMs, there.served[1]!.closed);
});

Deno.test("one network has only so many at a time, and is told 429 with the next", async () => {
  await using there = await sockets({ webSockets: { socketsPerNetworkMax: 1 } });
  const first = await there.open();
  const client = await there.scene.connect();
  client.send(
    upgradeHead(there.scene, "/open"),
  );
  await within(limitMs, client.hears("urn:sallyport:problem:rate-limited"));
  ok(client.heard.startsWith("HTTP/1.1 429 "));
  await client[Symbol.asyncDispose]();
  equal(there.served.length, 1);
  await first[Symbol.asyncDispose]();
  await within(limitMs, there.served[0]!.closed);
  await using _next = await there.open();
});

Deno.test("a client that does not read makes the service wait", async () => {
  await using there = await sockets();
  const { scene, served } = there;
  const client = await Deno.connectTls({
    hostname: "localhost",
    port: scene.edge.port,
    caCerts: [scene.ca.pem.cert],
    alpnProtocols: ["http/1.1"],
  });
  const head = upgradeHead(scene, "/open");
  await client.write(new TextEncoder().encode(head));
  await client.read(new Uint8Array(1_024));
  const { socket } = served[0]!;
  const sentBytes = 96 * mebibyte;
  for (let sent = 0; sent < sentBytes; sent += mebibyte) socket.send(new Uint8Array(mebibyte));
  for (let before = -1; socket.bufferedAmount !== before;) {
    before = socket.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, stallMs));
  }
  const takenBytes = sentBytes - socket.bufferedAmount;
  ok(takenBytes > 0 && takenBytes < heldBytesMax, `${takenBytes} bytes were taken for nobody`);
  client.close();
  await within(limitMs, served[0]!.closed);
});

Deno.test("it ends when the access token does", async () => {
  await using there = await sockets();
  const exp = Math.floor(Date.now() / 1_000) + 1;
  const claims = new TextEncoder().encode(JSON.stringify({ exp }))
    .toBase64({ alphabet: "base64url", omitPadding: true });
  const headers = { authorization: `Bearer e30.${claims}.c2ln` };
  const client = await there.open("/closed", { headers });
  const { code, reason } = await within(limitMs, client.closed);
  deepEqual([code, reason], [1008, "The access token has expired"]);
  await within(limitMs, there.served[0]!.closed);
});

Deno.test("it ends when nothing is said for too long", async () => {
  await using there = await sockets({ readTimeoutMs: 150 });
  const client = await there.open();
  equal((await within(limitMs, client.closed)).code, 1001);
  await within(limitMs, there.served[0]!.closed);
});

Deno.test("a drain ends it at both sides, and does not wait for its limit", async () => {
  const there = await sockets({ drainMs: 10_000 });
  const client = await there.open();
  const startedMs = performance.now();
  await there[Symbol.asyncDispose]();
  const told = [client.closed, there.served[0]!.closed];
  // In our words or in those of the runtime's server, which is closing too.
  for (const { code, reason } of await within(limitMs, Promise.all(told))) {
    deepEqual([code, reason], [1001, "The gateway is closing"]);
  }
  equal(performance.now() - startedMs < 8_000, true);
});

Deno.test("an answer of 101 does not leave the connection to be cut as idle", async () => {
  await using there = await sockets({ edgeLimits: { idleTimeoutMs: 200 } });
  await using client = await there.open();
  await new Promise((resolve) => setTimeout(resolve, 700));
  client.socket.send("still here");
  equal(await client.next(), "still here");
});
