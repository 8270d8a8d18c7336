import { equal, rejects } from "node:assert/strict";
import type { TlsServer } from "platform/tls";
import { aMutualServer, anAuthority, anEdge, aPair, TestIdentity } from "./tls_fixture.ts";

/** Fetches from several servers with one TLS client: its session tickets are kept by host name alone. */
function aTicketCollector(
  options: Deno.CreateHttpClientOptions & Partial<Deno.TlsCertifiedKeyPem>,
) {
  const client = Deno.createHttpClient(options);
  return {
    ask: async ({ port }: TlsServer) =>
      await (await fetch(`https://localhost:${port}/`, { client })).text(),
    [Symbol.dispose]: () => client.close(),
  };
}

Deno.test("A session ticket of a server that asks for no certificate opens none that demands one", async () => {
  const { ca, identity } = await aPair();
  await using edge = await anEdge({ identity });
  await using server = await aMutualServer({ identity });
  using client = aTicketCollector({ caCerts: [ca.pem.cert] });
  equal(await client.ask(edge), "ok");
  await rejects(() => client.ask(server), TypeError);
});

Deno.test("A session ticket of a server that trusts another CA opens none that does not", async () => {
  const { ca, identity } = await aPair();
  const other = await anAuthority();
  const { cert, key } = await other.leaf("gateway");
  const foreignIdentity = new TestIdentity(await other.leaf("orders"), other);
  await using foreign = await aMutualServer({ identity: foreignIdentity });
  await using server = await aMutualServer({ identity });
  using client = aTicketCollector({ caCerts: [ca.pem.cert, other.pem.cert], cert, key });
  equal(await client.ask(foreign), "ok");
  await rejects(() => client.ask(server), TypeError);
});
