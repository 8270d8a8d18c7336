import "reflect-metadata";
import { equal, match, notEqual } from "node:assert/strict";
import http2 from "node:http2";
import net from "node:net";
import { once } from "node:events";
import type { LeafContents } from "certs/leaf";
import { ExtendedKeyUsage } from "@peculiar/x509";
import {
  aMutualServer,
  anAuthority,
  aPair,
  clientOf,
  connect,
  gatewayId,
  isAnswered,
} from "./tls_fixture.ts";

const gatewayNames: LeafContents["names"] = [{ type: "url", value: gatewayId }];

Deno.test("A client without a certificate gets no connection", async () => {
  const { ca, identity } = await aPair();
  await using server = await aMutualServer({ identity });
  equal(await isAnswered(server, { ca: ca.pem.cert }), false);
});

Deno.test("A client with a certificate of another CA gets no connection", async () => {
  const { ca, identity } = await aPair();
  const { cert, key } = await (await anAuthority()).leaf("gateway");
  await using server = await aMutualServer({ identity });
  equal(await isAnswered(server, { cert, key, ca: ca.pem.cert }), false);
});

Deno.test("An expired, an early and a server's certificate get no connection", async () => {
  const { ca, identity } = await aPair();
  await using server = await aMutualServer({ identity });
  const [past, future] = [new Date(Date.now() - 60_000), new Date(Date.now() + 60_000)];
  const faults: Partial<LeafContents>[] = [
    { notAfter: past },
    { notBefore: future },
    { usages: [ExtendedKeyUsage.serverAuth] },
    { usages: [] },
  ];
  for (const fault of faults) {
    const odd = await ca.oddLeaf({ names: gatewayNames, ...fault });
    equal(await isAnswered(server, clientOf(odd, ca)), false, JSON.stringify(fault));
  }
  const sound = await ca.oddLeaf({ names: gatewayNames });
  equal(await isAnswered(server, clientOf(sound, ca)), true);
});

Deno.test("A peer of our CA that is no caller is told 403", async () => {
  const { ca, identity } = await aPair();
  await using server = await aMutualServer({ identity });
  await using connection = await connect(server, clientOf(await ca.leaf("payment"), ca));
  connection.get();
  await connection.hears("urn:sallyport:problem:peer-not-allowed");
  match(connection.heard, /^HTTP\/1\.1 403 .*application\/problem\+json/s);
});

Deno.test("A caller with named paths is told 403 for every other", async () => {
  const { ca, identity } = await aPair();
  const callers = new Map([["spiffe://sallyport/prometheus", ["/metrics"]]]);
  await using server = await aMutualServer({ identity, callers });
  const prometheus = clientOf(await ca.leaf("prometheus"), ca);
  const statuses = {
    "/metrics": 200,
    "/metrics?x=1": 200,
    "/": 403,
    "/metrics/": 403,
    "//metrics": 403,
    "/%6detrics": 403,
    "/METRICS": 403,
    "/orders/../metrics": 200,
  };
  for (const [path, status] of Object.entries(statuses)) {
    await using connection = await connect(server, prometheus);
    connection.get(path);
    await connection.hears(`HTTP/1.1 ${status}`);
  }
});

Deno.test("HTTP/2 requests carry the identity of their connection", async () => {
  const { ca, identity, gateway } = await aPair();
  await using server = await aMutualServer({
    identity,
    handler: (_, { spiffeId, clientIp }) => new Response(`${spiffeId} ${clientIp}`),
  });
  const { cert, key } = gateway;
  const session = http2.connect(`https://localhost:${server.port}`, {
    cert,
    key,
    ca: ca.pem.cert,
  });
  const request = session.request({ ":path": "/" });
  let heard = "";
  request.setEncoding("utf8");
  request.on("data", (text: string) => heard += text);
  request.end();
  await once(request, "end");
  equal(heard, `${gatewayId} 127.0.0.1`);
  session.destroy();
  await once(session, "close");
});

Deno.test("Nobody reaches the inner server but through the front", async () => {
  const { identity } = await aPair();
  using inner = listenIn();
  await using _server = await aMutualServer({ identity });
  const response = await fetch(`http://127.0.0.1:${inner.port}/`);
  equal(response.status, 403);
  await response.body?.cancel();
});

Deno.test("Nobody is taken for the front by its port at another address of loopback", async () => {
  const { ca, identity } = await aPair();
  using inner = listenIn();
  await using server = await aMutualServer({ identity });
  const options = clientOf(await ca.leaf("gateway"), ca);
  const session = http2.connect(`https://127.0.0.1:${server.port}`, {
    ...options,
    servername: "localhost",
  });
  const stream = session.request({ ":path": "/" });
  await once(stream, "response");
  stream.resume();
  await once(stream, "end");
  notEqual(inner.frontPort, 0);
  const impostor = net.connect({
    host: "127.0.0.1",
    port: inner.port,
    localAddress: "127.0.0.2",
    localPort: inner.frontPort,
  });
  impostor.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  let heard = "";
  for await (const bytes of impostor) heard += bytes;
  match(heard, /^HTTP\/1\.1 403 /);
  session.destroy();
  await once(session, "close");
});

/** The inner port is told to no one: a test has to listen in on `Deno.serve`. */
function listenIn(): { readonly port: number; readonly frontPort: number } & Disposable {
  const { serve } = Deno;
  const seen = { port: 0, frontPort: 0, [Symbol.dispose]: () => void (Deno.serve = serve) };
  Deno.serve = ((options: Deno.ServeTcpOptions, handler: Deno.ServeHandler<Deno.NetAddr>) => {
    const inner = serve(options, (request, info) => {
      seen.frontPort = info.remoteAddr.port;
      return handler(request, info);
    });
    seen.port = inner.addr.port;
    return inner;
  }) as typeof serve;
  return seen;
}
