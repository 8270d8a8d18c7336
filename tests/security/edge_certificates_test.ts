// A client that asks for another name must be shown that name's certificate, and the key of no other (RFC 6066).
import { deepEqual, equal } from "node:assert/strict";
import { parseGatewayConfig } from "gateway/configuration";
import { registeredCertificates } from "gateway/registered-certificates";
import { silentLogger } from "platform/telemetry";
import { type Peer, ServerCertificates, serveTls } from "platform/tls";
import { anAuthority, connect, TestIdentity } from "./tls_fixture.ts";

/** A server of its own name, and with certificates for others. */
async function aServer() {
  const ca = await anAuthority();
  const identity = new TestIdentity(await ca.leaf("gateway"), ca);
  const leafOf = (...names: string[]) =>
    ca.oddLeaf({ names: names.map((value) => ({ type: "dns" as const, value })) });
  const certificates = new ServerCertificates();
  const peers: Peer[] = [];
  const options = { hostname: "127.0.0.1", port: 0, identity, log: silentLogger, drainMs: 1_000 };
  const server = await serveTls({ ...options, certificates }, (_request, peer) => {
    peers.push(peer);
    return new Response("ok");
  });
  const shownTo = async (servername: string) => {
    await using client = await connect(server, { servername, ca: ca.pem.cert });
    client.get();
    await client.hears("ok");
    return client.socket.getPeerCertificate().subjectaltname;
  };
  return { leafOf, certificates, peers, shownTo, server };
}

Deno.test("the edge shows the certificate of the name that a client asks for, else its own", async () => {
  const { leafOf, certificates, peers, shownTo, server } = await aServer();
  await using _ = server;
  const own = await shownTo("localhost");
  const [api, wild] = [await leafOf("api.example"), await leafOf("*.shop.example")];
  certificates.take([
    { names: ["API.example"], cert: api.cert, key: api.key },
    { names: ["*.shop.example"], cert: wild.cert, key: wild.key },
  ]);
  equal(await shownTo("api.example"), "DNS:api.example");
  equal(await shownTo("a.shop.example"), "DNS:*.shop.example");
  equal(await shownTo("localhost"), own);
  deepEqual(peers.map(({ serverName }) => serverName), [
    "localhost",
    "api.example",
    "a.shop.example",
    "localhost",
  ]);
});

Deno.test("what is taken out of the configuration is shown no more", async () => {
  const { leafOf, certificates, shownTo, server } = await aServer();
  await using _ = server;
  // A certificate whose name the client would take from the server's own, too.
  const other = await leafOf("localhost");
  const own = await shownTo("localhost");
  certificates.take([{ names: ["localhost"], cert: other.cert, key: other.key }]);
  equal(await shownTo("localhost"), "DNS:localhost");
  certificates.take([]);
  equal(await shownTo("localhost"), own);
});

Deno.test("the certificates of the configuration are those with names", async () => {
  const ca = await anAuthority();
  const { cert, key } = await ca.leaf("gateway");
  const text = JSON.stringify({
    _format_version: "3.0",
    certificates: [{ cert, key, snis: [{ name: "a.example" }] }, { cert, key }],
  });
  const { state } = parseGatewayConfig(text, "gateway.yaml");
  deepEqual(registeredCertificates(state), [{ names: ["a.example"], cert, key }]);
});
