import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { ConnectionOptions } from "node:tls";
import type { Leaf, LeafContents } from "certs/leaf";
import { parseGatewayConfig } from "gateway/configuration";
import { LiveApp, LiveGateway } from "gateway/live";
import { registeredAuthorities } from "gateway/registered-authorities";
import { fakeDependencies, type Sent } from "gateway/testing";
import { createApp } from "gateway";
import { silentLogger } from "platform/telemetry";
import { ClientAuthorities, serveClientTls, serveTls, type TlsServer } from "platform/tls";
import {
  anAuthority,
  clientOf,
  connect,
  isAnswered,
  type TestAuthority,
  TestIdentity,
  within,
} from "./tls_fixture.ts";

const clientAuth = "1.3.6.1.5.5.7.3.2";
const serverAuth = "1.3.6.1.5.5.7.3.1";
const hourMs = 3_600_000;
const ids = ["5f1b6f7c-5a3e-4d0b-9c57-2f0d1c8e9a10", "5f1b6f7c-5a3e-4d0b-9c57-2f0d1c8e9a11"];

/** A configuration in which the first `named` of the CAs vouch for clients, on every route. */
function configOf(authorities: readonly TestAuthority[], named: number) {
  const registered = authorities.map(({ pem }, at) =>
    `  - { id: ${ids[at]}, cert: ${JSON.stringify(pem.cert)} }`
  );
  const plugin = `plugins:
  - { name: mtls-auth, config: { ca_certificates: [${ids.slice(0, named).join(", ")}] } }`;
  return parseGatewayConfig(
    `
_format_version: "3.0"
ca_certificates:
${registered.join("\n")}
${named > 0 ? plugin : ""}
services:
  - name: orders
    url: https://orders
    routes: [{ name: a, paths: [/a], tags: [public] }]
`,
    "g.yaml",
  );
}

/** Both edges of one gateway, with its own CA, and two others that clients may be of. */
async function bothEdges() {
  const [own, partners, others] = [await anAuthority(), await anAuthority(), await anAuthority()];
  const identity = new TestIdentity(await own.leaf("gateway"), own);
  const sent: Sent[] = [];
  const authorities = new ClientAuthorities();
  const config = configOf([partners, others], 1);
  const app = new LiveApp({
    config,
    open: (config) =>
      createApp({
        config,
        ...fakeDependencies({
          sent,
          service: () => new Response("from the service"),
          edge: new URL("https://localhost"),
        }),
      }),
    ready: (state) => () => authorities.take(registeredAuthorities(state)),
  });
  const save = () => Promise.resolve();
  const live = new LiveGateway({ config, edges: app, save, log: silentLogger });
  const options = {
    hostname: "127.0.0.1",
    port: 0,
    identity,
    log: silentLogger,
    drainMs: 1_000,
  };
  await using servers = new AsyncDisposableStack();
  const plain = servers.use(
    await serveTls(
      options,
      (request, peer) => app.fetch(request, { peer }),
    ),
  );
  const mutual: TlsServer = servers.use(
    await serveClientTls(
      { ...options, authorities },
      (request, peer) => {
        const edge = new URL(`https://localhost:${mutual.port}`);
        return app.fetch(request, { peer, edge });
      },
    ),
  );
  const open = servers.move();
  return {
    own,
    partners,
    others,
    identity,
    sent,
    plain,
    mutual,
    /** The first `count` of partners and others vouch for clients from now on. */
    register: (count: number) => live.replace(configOf([partners, others], count)),
    /** A client with a certificate that departs from a good one in the named points. */
    client: async (by: TestAuthority, contents: Partial<LeafContents> = {}) => {
      const leaf = await by.oddLeaf({ usages: [clientAuth], ...contents });
      return { ...clientOf(leaf, own), serial: leaf.serial };
    },
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}

type Client = ConnectionOptions & Pick<Leaf, "serial">;

async function answerOf(server: { readonly port: number }, client: ConnectionOptions) {
  await using connection = await connect(server, client);
  connection.get("/a");
  await within(5_000, connection.hears("\r\n\r\n"));
  return connection.heard;
}

Deno.test("the mutual-TLS edge lets in a client of a registered CA, and the service gets its certificate", async () => {
  await using edges = await bothEdges();
  const heard = await answerOf(edges.mutual, await edges.client(edges.partners));
  ok(heard.startsWith("HTTP/1.1 200"), heard);
  ok(edges.sent[0]!.headers.get("client-cert")?.startsWith(":MII"));
});

Deno.test("the mutual-TLS edge speaks HTTP/2 as well", async () => {
  await using edges = await bothEdges();
  const { cert, key } = await edges.partners.oddLeaf({ usages: [clientAuth] });
  using client = Deno.createHttpClient({ caCerts: [edges.own.pem.cert], cert, key });
  const { port } = edges.mutual;
  equal((await ask(`https://localhost:${port}/a`, client)).status, 200);
  equal(edges.sent[0]!.headers.get("x-forwarded-port"), String(port));
});

Deno.test("the plain edge of the same gateway asks for no certificate, and tells Kong's refusal", async () => {
  await using edges = await bothEdges();
  await using connection = await connect(edges.plain, { ca: edges.own.pem.cert });
  connection.get("/a");
  await connection.hears('{"message":"No required TLS certificate was sent"}');
  ok(connection.heard.startsWith("HTTP/1.1 401"), connection.heard);
  equal(edges.sent.length, 0);
});

Deno.test("the mutual-TLS edge hears nobody without a good certificate of a registered CA", async () => {
  await using edges = await bothEdges();
  const { own, partners, others } = edges;
  const past = { notBefore: new Date(Date.now() - 2 * hourMs), notAfter: new Date(Date.now() - 1) };
  const future = { notBefore: new Date(Date.now() + hourMs), notAfter: new Date(Date.now() + 2e8) };
  const clients: Readonly<Record<string, ConnectionOptions>> = {
    "no certificate": { ca: own.pem.cert },
    "another CA": await edges.client(others),
    "our own CA": await edges.client(own),
    "expired": await edges.client(partners, past),
    "not yet valid": await edges.client(partners, future),
    "for servers only": await edges.client(partners, { usages: [serverAuth] }),
    "for nothing": await edges.client(partners, { usages: [] }),
  };
  for (const [name, client] of Object.entries(clients)) {
    equal(await isAnswered(edges.mutual, client), false, name);
  }
  equal(await isAnswered(edges.mutual, await edges.client(partners)), true);
});

Deno.test("the mutual-TLS edge drops a client that is revoked, and lets it in no more", async () => {
  await using edges = await bothEdges();
  const [revoked, other] = [
    await edges.client(edges.partners),
    await edges.client(edges.partners),
  ] as [Client, Client];
  await using open = await connect(edges.mutual, revoked);
  await using kept = await connect(edges.mutual, other);
  for (const connection of [open, kept]) {
    connection.get("/a");
    await connection.hears("from the service");
  }
  edges.identity.revoke(revoked.serial);
  await within(5_000, open.closed());
  equal(await isAnswered(edges.mutual, revoked), false);
  kept.get("/a");
  equal(await isAnswered(edges.mutual, other), true);
});

Deno.test("a session ticket of the plain edge, or of a server with another CA, opens nothing", async () => {
  await using edges = await bothEdges();
  const { own, others, plain, mutual, identity } = edges;
  const url = ({ port }: { readonly port: number }) => `https://localhost:${port}/a`;
  using nobody = Deno.createHttpClient({ caCerts: [own.pem.cert], http2: false });
  equal((await ask(url(plain), nobody)).status, 401);
  await rejects(() => ask(url(mutual), nobody), TypeError);

  const { cert, key } = await others.oddLeaf({ usages: [clientAuth] });
  using foreigner = Deno.createHttpClient({ caCerts: [own.pem.cert], cert, key });
  const authorities = new ClientAuthorities([others.pem.cert]);
  const options = { hostname: "127.0.0.1", port: 0, identity, log: silentLogger, drainMs: 1_000 };
  await using elsewhere = await serveClientTls(
    { ...options, authorities },
    () => new Response("ok"),
  );
  equal((await ask(url(elsewhere), foreigner)).status, 200);
  await rejects(() => ask(url(mutual), foreigner), TypeError);
});

Deno.test("a CA that is taken out of the configuration vouches for nobody, on open connections either", async () => {
  await using edges = await bothEdges();
  const partner = await edges.client(edges.partners);
  const other = await edges.client(edges.others);
  equal(await isAnswered(edges.mutual, other), false);
  await edges.register(2);
  equal(await isAnswered(edges.mutual, other), true);
  await using open = await connect(edges.mutual, other);
  await using kept = await connect(edges.mutual, partner);
  for (const connection of [open, kept]) {
    connection.get("/a");
    await connection.hears("from the service");
  }
  await edges.register(1);
  await within(5_000, open.closed());
  equal(await isAnswered(edges.mutual, other), false);
  equal(await isAnswered(edges.mutual, partner), true);

  await edges.register(0);
  await within(5_000, kept.closed());
  await rejects(() => within(5_000, connect(edges.mutual, partner)));
});

async function ask(url: string, client: Deno.HttpClient): Promise<Response> {
  const response = await fetch(url, { client });
  await response.body?.cancel();
  return response;
}

Deno.test("the authorities of a configuration are those that an enabled use of mtls-auth names", async () => {
  const [one, other] = [await anAuthority(), await anAuthority()];
  const bundle = { ...one, pem: { ...one.pem, cert: one.pem.cert + other.pem.cert } };
  const { state } = configOf([bundle, other], 1);
  deepEqual(registeredAuthorities(state).map((pem) => pem.trim()), [one.pem.cert.trim()]);
  deepEqual(registeredAuthorities(configOf([one, other], 0).state), []);
  const [use] = state.plugins.values();
  const plugins = new Map([[use!.id, { ...use!, enabled: false }]]);
  deepEqual(registeredAuthorities({ ...state, plugins }), []);
});
