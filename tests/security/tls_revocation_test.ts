import { equal, rejects } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { openPeerFetch, openTrustedFetch } from "platform/tls";
import { aCall } from "./tls_call_fixture.ts";
import {
  aMutualServer,
  anEdge,
  aPair,
  connect,
  isAnswered,
  TestIdentity,
  within,
} from "./tls_fixture.ts";

const piece = new Uint8Array(1_000);

Deno.test("A revoked certificate opens no new connection", async () => {
  const { identity, gateway, client } = await aPair();
  await using server = await aMutualServer({ identity });
  equal(await isAnswered(server, client), true);
  identity.revoke(gateway.serial);
  equal(await isAnswered(server, client), false);
});

Deno.test("A revoked certificate loses the connections it has", async () => {
  const { identity, gateway, client } = await aPair();
  await using server = await aMutualServer({ identity });
  await using connection = await connect(server, client);
  connection.get();
  await connection.hears("ok");
  identity.revoke(gateway.serial);
  await within(1_000, connection.closed());
});

Deno.test("A certificate that expires loses the connections it has", async () => {
  const { ca, identity } = await aPair();
  const names = [{ type: "url", value: "spiffe://sallyport/gateway" }] as const;
  // Dates in certificates are whole seconds.
  const notAfter = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 1_000);
  const { cert, key } = await ca.oddLeaf({ names, notAfter });
  await using server = await aMutualServer({ identity });
  await using connection = await connect(server, { cert, key, ca: ca.pem.cert });
  connection.get();
  await connection.hears("ok");
  await within(3_000, connection.closed());
});

Deno.test("A CA that is trusted no more takes the connections of its clients with it", async () => {
  const { identity, client } = await aPair();
  const other = await aPair();
  await using server = await aMutualServer({ identity });
  await using connection = await connect(server, client);
  connection.get();
  await connection.hears("ok");
  identity.take({ ca: other.ca.pem.cert });
  await within(1_000, connection.closed());
});

Deno.test("A client asks nothing more of a server whose certificate is revoked", async () => {
  const { ca, gateway } = await aPair();
  const orders = await ca.leaf("orders");
  const identity = new TestIdentity(gateway, ca);
  await using server = await aMutualServer({ identity: new TestIdentity(orders, ca) });
  await using peer = openPeerFetch({ identity, peer: "spiffe://sallyport/orders" });
  const url = `https://127.0.0.1:${server.port}/`;
  equal(await (await peer.fetch(url)).text(), "ok");
  identity.revoke(orders.serial);
  await rejects(() => peer.fetch(url), TypeError);
});

Deno.test("A client breaks off an answer that a server gives whose certificate is revoked meanwhile", async () => {
  await using call = await aCall({
    handler: () => new Response(new ReadableStream({ start: (body) => body.enqueue(piece) })),
  });
  const { body } = await call.fetch(call.url);
  const reader = body!.getReader();
  equal((await reader.read()).value?.length, piece.length);
  const rest = reader.read();
  const { serialNumber } = new X509Certificate(call.theirs.material.cert);
  call.ours.revoke(serialNumber.toLowerCase());
  await within(1_000, rejects(rest));
});

Deno.test("A client that knows a server by its host name refuses its revoked certificate, too", async () => {
  const { ca, identity } = await aPair();
  const gateway = await ca.leaf("gateway");
  await using edge = await anEdge({ identity: new TestIdentity(gateway, ca) });
  await using trusted = openTrustedFetch({ identity });
  const url = `https://localhost:${edge.port}/`;
  equal(await (await trusted.fetch(url)).text(), "ok");
  identity.revoke(gateway.serial);
  await rejects(() => trusted.fetch(url), TypeError);
  await using stranger = openTrustedFetch({ identity: new TestIdentity(gateway, ca) });
  equal(await (await stranger.fetch(url)).text(), "ok", "whoever knows nothing of it");
});
