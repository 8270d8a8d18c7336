import { deepEqual, equal } from "node:assert/strict";
import { fakeGateway } from "gateway/testing";
import { openPeerFetch, openTrustedFetch } from "platform/tls";
import {
  aMutualServer,
  anAuthority,
  anEdge,
  connect,
  type TestAuthority,
  TestIdentity,
  within,
} from "./tls_fixture.ts";

type Service = (request: Request) => Response | Promise<Response>;

interface ListeningEdge extends AsyncDisposable {
  readonly port: number;
  readonly ca: TestAuthority;
  readonly fetch: typeof fetch;
}

/** The gateway on a socket, with one real service behind it that all names lead to. */
async function aListeningEdge(service: Service): Promise<ListeningEdge> {
  await using opening = new AsyncDisposableStack();
  const ca = await anAuthority();
  const identity = opening.use(new TestIdentity(await ca.leaf("gateway"), ca));
  const orders = opening.use(new TestIdentity(await ca.leaf("orders"), ca));
  const upstream = opening.use(await aMutualServer({ identity: orders, handler: service }));
  const peer = opening.use(openPeerFetch({ identity, peer: "spiffe://sallyport/orders" }));
  const edge = opening.use(
    await anEdge({ identity, handler: (request, peer) => app.fetch(request, { peer }) }),
  );
  const { app } = fakeGateway({
    fetchFor: () => peer.fetch,
    discovery: { watch: () => ({ origins: [`https://localhost:${upstream.port}`] }) },
    edge: new URL(`https://localhost:${edge.port}`),
  });
  const client = opening.use(openTrustedFetch({ identity }));
  const opened = opening.move();
  return {
    port: edge.port,
    ca,
    fetch: client.fetch,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

Deno.test("what a client claims of itself does not get through the listening gateway", async () => {
  const seen: Headers[] = [];
  await using edge = await aListeningEdge(({ headers }) => {
    seen.push(headers);
    return new Response("{}");
  });
  const response = await edge.fetch(`https://localhost:${edge.port}/products`, {
    headers: {
      "x-user-id": "admin",
      "x-consumer-username": "admin",
      "x-forwarded-for": "10.9.8.7",
      "x-client-cert": "spoofed",
      "forwarded": "for=10.9.8.7",
    },
  });
  equal(response.status, 200);
  const [headers] = seen;
  for (const name of ["x-user-id", "x-consumer-username", "x-client-cert"]) {
    equal(headers!.get(name), null, name);
  }
  equal(headers!.get("x-forwarded-for"), "127.0.0.1");
  equal(headers!.get("x-forwarded-host"), `localhost:${edge.port}`);
  equal(headers!.get("forwarded"), `for=127.0.0.1;host="localhost:${edge.port}";proto=https`);
});

Deno.test("request lines and Host headers that leave doubt are refused on the socket", async () => {
  let asked = 0;
  await using edge = await aListeningEdge(() => new Response(String(++asked)));
  const host = `localhost:${edge.port}`;
  const ask = async (head: string): Promise<string> => {
    await using client = await connect(edge, { ca: edge.ca.pem.cert });
    client.send(`${head}\r\nConnection: close\r\n\r\n`);
    await client.closed();
    return client.heard.slice(9, 12);
  };
  equal(await ask(`GET /products HTTP/1.1\r\nHost: ${host}`), "200");
  deepEqual(
    await Promise.all([
      ask("GET /products HTTP/1.1"),
      ask("GET /products HTTP/1.1\r\nHost: "),
      ask(`GET /products HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example`),
      ask(`GET https://evil.example/products HTTP/1.1\r\nHost: ${host}`),
      ask(`GET /oidc/..%2fusers HTTP/1.1\r\nHost: ${host}`),
      ask(`GET /oidc/../users HTTP/1.1\r\nHost: ${host}`),
      ask(`GET //products HTTP/1.1\r\nHost: ${host}`),
      ask(`GET /oidc\\..\\users HTTP/1.1\r\nHost: ${host}`),
    ]),
    Array(8).fill("400"),
  );
  equal(asked, 1);
});

Deno.test("a client that hangs up ends its request at the service behind the gateway", async () => {
  const began = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  await using edge = await aListeningEdge(({ signal }) => {
    began.resolve();
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        ended.resolve();
        reject(signal.reason);
      });
    });
  });
  await using client = await connect(edge, { ca: edge.ca.pem.cert });
  client.send(`GET /products HTTP/1.1\r\nHost: localhost:${edge.port}\r\n\r\n`);
  await within(5_000, began.promise);
  client.socket.destroy();
  await within(5_000, ended.promise);
});

Deno.test("a body that is too large is answered before the connection goes, though nobody reads it", async () => {
  await using edge = await aListeningEdge(() => new Response("{}"));
  const headers = { authorization: "Bearer customer", "content-type": "application/json" };
  const url = `https://localhost:${edge.port}/orders`;
  for (const token of ["Bearer customer", ""]) {
    const response = await edge.fetch(url, {
      method: "POST",
      headers: { ...headers, authorization: token },
      body: new Uint8Array(10_000_000),
    });
    equal(response.status, token ? 413 : 401);
    await response.body?.cancel();
  }
});

Deno.test("the gateway answers under plain Deno.serve too, by the address of the connection", async () => {
  const { app, sent } = fakeGateway({ edge: new URL("http://localhost:80") });
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  await using server = Deno.serve(options, (request, info) => app.fetch(request, info));
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/products`);
  deepEqual(await response.json(), { ok: true });
  equal(sent[0]!.headers.get("x-forwarded-for"), "127.0.0.1");
});
