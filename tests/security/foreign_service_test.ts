// A service of another CA must be who its host name says, by a CA that the configuration names (RFC 9525).
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Trust } from "gateway/configuration";
import { TrustedServers } from "gateway/trusted-servers";
import { anAuthority, anEdge, type TestAuthority, TestIdentity } from "./tls_fixture.ts";

async function aForeignServer(foreign: TestAuthority, name: string) {
  const leaf = await foreign.oddLeaf({ names: [{ type: "dns", value: name }] });
  const identity = new TestIdentity(leaf, foreign);
  return await anEdge({ identity, handler: () => new Response("from elsewhere") });
}

async function aGateway() {
  const own = await anAuthority();
  const identity = new TestIdentity(await own.leaf("gateway"), own);
  return { own, servers: new TrustedServers(identity) };
}

const byCa = (authority: TestAuthority): Trust => ({ by: "host", ca: authority.pem.cert });

Deno.test("a service is reached by its host name, in a certificate of a CA that vouches for it", async () => {
  const foreign = await anAuthority();
  await using server = await aForeignServer(foreign, "localhost");
  const { servers } = await aGateway();
  await using _ = servers;
  const fetch = servers.fetchFor(byCa(foreign));
  const response = await fetch(`https://localhost:${server.port}/`);
  deepEqual([response.status, await response.text()], [200, "from elsewhere"]);
  const socket = await servers.connectFor(byCa(foreign))(
    new URL(`https://localhost:${server.port}`),
    new AbortController().signal,
  );
  ok(socket.socket.authorized);
  socket.socket.destroy();
});

Deno.test("nothing is sent to a server of another CA, or for another host", async () => {
  const [foreign, stranger] = [await anAuthority(), await anAuthority()];
  await using server = await aForeignServer(foreign, "localhost");
  await using namesake = await aForeignServer(foreign, "other.example");
  const { own, servers } = await aGateway();
  await using _ = servers;
  const refuses = async (trust: Trust, port: number) =>
    await rejects(async () => {
      const response = await servers.fetchFor(trust)(`https://localhost:${port}/`);
      await response.body?.cancel();
    });
  await refuses(byCa(stranger), server.port);
  await refuses(byCa(own), server.port);
  await refuses({ by: "spiffe", id: "spiffe://sallyport/odd" }, server.port);
  await refuses(byCa(foreign), namesake.port);
  const fetch = servers.fetchFor(byCa(foreign));
  equal((await fetch(`https://localhost:${server.port}/`)).status, 200);
});
