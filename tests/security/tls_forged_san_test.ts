import { equal, rejects } from "node:assert/strict";
import { openPeerFetch, openTrustedFetch } from "platform/tls";
import {
  aMutualServer,
  anEdge,
  aPair,
  clientOf,
  connect,
  isAnswered,
  TestIdentity,
} from "./tls_fixture.ts";

Deno.test("A DNS name that reads like the gateway's URI is not the gateway", async () => {
  const { ca, identity } = await aPair();
  const forged = await ca.oddLeaf({
    names: [{ type: "dns", value: "x, URI:spiffe://sallyport/gateway" }],
  });
  await using server = await aMutualServer({ identity });
  await using connection = await connect(server, clientOf(forged, ca));
  connection.get();
  await connection.hears("HTTP/1.1 403");
});

Deno.test("A certificate with two URIs is nobody's", async () => {
  const { ca, identity } = await aPair();
  const double = await ca.oddLeaf({
    names: [
      { type: "url", value: "spiffe://sallyport/gateway" },
      { type: "url", value: "spiffe://sallyport/orders" },
    ],
  });
  await using server = await aMutualServer({ identity });
  await using connection = await connect(server, clientOf(double, ca));
  connection.get();
  await connection.hears("HTTP/1.1 403");
});

Deno.test("A client does not take a DNS name that reads like its peer's URI for its peer", async () => {
  const { ca, gateway } = await aPair();
  const forged = await ca.oddLeaf({
    names: [{ type: "dns", value: "orders" }, {
      type: "dns",
      value: "x, URI:spiffe://sallyport/orders",
    }],
  });
  await using server = await aMutualServer({ identity: new TestIdentity(forged, ca) });
  equal(await isAnswered(server, { ...clientOf(gateway, ca), servername: "orders" }), true);
  await using peer = openPeerFetch({
    identity: new TestIdentity(gateway, ca),
    peer: "spiffe://sallyport/orders",
  });
  await rejects(() => peer.fetch(`https://127.0.0.1:${server.port}/`), TypeError);
});

Deno.test("A client does not take a DNS name that reads like two for the host it asked for", async () => {
  const { ca, identity } = await aPair();
  const forged = await ca.oddLeaf({
    names: [{ type: "dns", value: "x, DNS:localhost, IP Address:127.0.0.1" }],
  });
  await using edge = await anEdge({ identity: new TestIdentity(forged, ca) });
  await using trusted = openTrustedFetch({ identity });
  for (const host of ["localhost", "127.0.0.1"]) {
    await rejects(() => trusted.fetch(`https://${host}:${edge.port}/`), TypeError);
  }
});
