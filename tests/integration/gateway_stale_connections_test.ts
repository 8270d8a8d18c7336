import { deepEqual } from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { createApp } from "gateway";
import { Pools, systemClock, tcpConnect } from "gateway/balancing";
import { fakeDependencies } from "gateway/testing";
import { parseGatewayConfig, type Trust } from "gateway/configuration";
import { TrustedServers } from "gateway/trusted-servers";
import { StaticDiscovery } from "platform/discovery";
import { silentLogger as log } from "platform/telemetry";
import { believe } from "../fixtures/believing_authenticator.ts";
import { aPair, TestIdentity } from "../security/tls_fixture.ts";

const yaml = `
_format_version: "3.0"
services:
  - name: orders
    url: https://orders
    routes: [{ name: o, paths: [/], tags: [public, idempotent] }]
`;

/** A service that serves one request on each connection, and hangs up on the second as if it had idled too long. */
async function aForgetfulService(identity: TestIdentity) {
  const { cert, key, ca } = identity.material;
  const methods: string[] = [];
  const sockets = new Set<tls.TLSSocket>();
  const options = { cert, key, ca, requestCert: true, ALPNProtocols: ["http/1.1"] };
  const server = tls.createServer(options, (socket) => {
    let served = 0;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => {
      const [method] = String(bytes).split(" ");
      if (!/^[A-Z]+$/.test(method!)) return;
      if (served++ > 0) return socket.destroy();
      methods.push(method!);
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    methods,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

Deno.test("a connection that the service has given up on is no 502 for what may be sent again", async () => {
  const { ca, identity, gateway } = await aPair();
  await using service = await aForgetfulService(identity);
  await using servers = new TrustedServers(new TestIdentity(gateway, ca));
  const fetchFor = (trust: Trust) => servers.fetchFor(trust);
  const discovery = new StaticDiscovery({ orders: service.url });
  using pools = new Pools({ discovery, fetchFor, connect: tcpConnect, clock: systemClock, log });
  const app = createApp({
    ...fakeDependencies({ sent: [] }),
    config: parseGatewayConfig(yaml, "gateway.yaml"),
    fetchFor,
    pools,
    authenticate: believe,
    edge: new URL("https://edge.example"),
    log,
    now: () => new Date(),
    newId: () => crypto.randomUUID(),
    wait: () => Promise.resolve(),
  });
  const ask = async (method: string, headers: HeadersInit = {}) => {
    // One that leaves a connection behind, which has served a request.
    const before = await app.fetch(new Request("https://edge.example/"));
    await before.text();
    const body = method === "POST" || method === "PUT" ? "{}" : null;
    const answer = await app.fetch(
      new Request("https://edge.example/", { method, headers, body }),
    );
    await answer.text();
    return answer.status;
  };
  const statuses: Record<string, number> = {};
  for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]) {
    statuses[method] = await ask(method);
  }
  statuses.keyed = await ask("POST", { "idempotency-key": "k" });
  // It may have been heard: who sent it must ask what has become of it.
  statuses.POST = await ask("POST");
  deepEqual(statuses, {
    GET: 200,
    HEAD: 200,
    OPTIONS: 200,
    PUT: 200,
    DELETE: 200,
    keyed: 200,
    POST: 502,
  });
});
