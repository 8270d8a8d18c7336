import { deepEqual, equal, ok } from "node:assert/strict";
import { silentLogger } from "platform/telemetry";
import { openTlsIdentity, serveMutualTls } from "platform/tls";
import { openEdgeClient, signIn } from "tools/client";
import {
  demoRedirectUri,
  freePorts,
  type Ports,
  type RunningPlatform,
  startPlatform,
} from "tools/platform";
import { sendRaw } from "../fixtures/raw_request.ts";

/** Headers by which proxies tell services who is calling. From a client, each is a lie. */
const claims = [
  "X-User",
  "X-User-Id",
  "X-User-Roles",
  "X-User-Email",
  "X-Consumer-Id",
  "X-Consumer-Custom-Id",
  "X-Consumer-Username",
  "X-Consumer-Groups",
  "X-Credential-Identifier",
  "X-Anonymous-Consumer",
  "X-Authenticated-Userid",
  "X-Authenticated-Scope",
  "X-Authenticated-Groups",
  "X-Auth-Request-User",
  "X-Remote-User",
  "Remote-User",
  "X-Userinfo",
  "X-ID-Token",
  "X-JWT-Assertion",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Port",
  "X-Forwarded-Proto",
  "X-Forwarded-Path",
  "X-Forwarded-Prefix",
  "X-Forwarded-User",
  "X-Forwarded-Email",
  "X-Forwarded-Access-Token",
  "X-Forwarded-Client-Cert",
  "Forwarded",
  "X-Real-IP",
  "X-Client-IP",
  "X-Cluster-Client-IP",
  "True-Client-IP",
  "CF-Connecting-IP",
  "Fastly-Client-IP",
  "X-Envoy-External-Address",
  "X-Client-Cert",
  "X-Client-Cert-Chain",
  "X-Client-Cert-DN",
  "X-Client-Verify",
  "X-SSL-Client-Cert",
  "X-SSL-Client-Verify",
  "X-TLS-Client-Cert",
  "SSL-Client-Cert",
  "Client-Cert",
  "Client-Cert-Chain",
  "X-SPIFFE-ID",
  "X-Original-URL",
  "X-Rewrite-URL",
  "X-HTTP-Method-Override",
  "X-Sallyport-Subject",
  "X-Internal-Caller",
  "Traceparent",
  "Tracestate",
] as const;
const lie = "i-am-the-admin";

Deno.test("nothing that a client says of who it is reaches a service as sent", async (t) => {
  await using platform = await openPlatformWithEcho();
  const { edge, token, seen } = platform;
  const authorization = `Bearer ${token}`;

  await t.step("in HTTP/2, for a caller with a token", async () => {
    const headers = { ...Object.fromEntries(claims.map((name) => [name, lie])), authorization };
    const response = await edge.fetch("/orders", { headers });
    equal(response.status, 200);
    const { headers: echoed } = await response.json();
    onlyTheGatewaysWord(new Headers(echoed), platform.ports);
    equal(new Headers(echoed).get("authorization"), authorization, "the token goes on");
  });

  await t.step("in HTTP/1.1, in other spellings and said twice, for nobody", async () => {
    const before = seen.length;
    const spellings = claims.flatMap((name) => [
      `${name}: ${lie}`,
      `${name.toLowerCase()}: ${lie}`,
      `${name.toUpperCase()}:${lie}`,
    ]);
    // In parts: a server takes a hundred headers at most.
    for (let from = 0; from < spellings.length; from += 60) {
      const lines = ["GET /products HTTP/1.1", ...spellings.slice(from, from + 60)];
      equal((await sendRaw(platform, lines)).status, 200);
    }
    everySeen(platform, before);
  });

  await t.step("with underscores for hyphens", async () => {
    const before = seen.length;
    const lines = claims.map((name) => `${name.replaceAll("-", "_")}: ${lie}`)
      .filter((line) => line.includes("_"));
    equal((await sendRaw(platform, ["GET /products HTTP/1.1", ...lines])).status, 200);
    everySeen(platform, before);
  });

  await t.step(
    "and a client cannot take away what the gateway says by naming it a hop's",
    async () => {
      const before = seen.length;
      const connection = "Connection: close, X-Forwarded-For, Authorization, X-Request-Id, Via";
      const lines = ["GET /orders HTTP/1.1", connection, `Authorization: ${authorization}`];
      await sendRaw(platform, lines);
      everySeen(platform, before);
    },
  );

  await t.step("nor is a caller anybody else for it", async () => {
    const admin = { "x-user-roles": "admin", "x-consumer-groups": "admin", authorization };
    equal((await edge.fetch("/users", { headers: admin })).status, 403);
    equal((await edge.fetch("/users", { headers: { "x-user-id": "ada" } })).status, 401);
    const overridden = await edge.fetch("/products", {
      headers: { "x-http-method-override": "DELETE", "x-original-url": "/orders" },
    });
    const { method, path } = await overridden.json();
    deepEqual({ method, path }, { method: "GET", path: "/products" });
  });
});

/** Checks what has reached the service since it had seen `before` requests. */
function everySeen({ seen, ports }: EchoedPlatform, before: number): void {
  ok(seen.length > before, "the service was asked");
  for (const headers of seen.slice(before)) onlyTheGatewaysWord(headers, ports);
}

/** What a service is told of the client, each by the gateway itself. */
function onlyTheGatewaysWord(headers: Headers, ports: Ports): void {
  const lies = [...headers].filter(([name, value]) => `${name}: ${value}`.includes(lie));
  deepEqual(lies, []);
  deepEqual([...headers.keys()].filter((name) => name.includes("_")), []);
  equal(headers.get("x-forwarded-for"), "127.0.0.1");
  equal(headers.get("x-forwarded-host"), `localhost:${ports.gateway}`);
  equal(headers.get("x-forwarded-proto"), "https");
  equal(headers.get("x-forwarded-port"), String(ports.gateway));
  equal(headers.get("forwarded"), `for=127.0.0.1;host="localhost:${ports.gateway}";proto=https`);
  ok(headers.get("x-request-id"));
}

interface EchoedPlatform extends RunningPlatform {
  readonly edge: Awaited<ReturnType<typeof openEdgeClient>>;
  readonly token: string;
  /** The headers of each request that reached the service. */
  readonly seen: readonly Headers[];
}

/** A platform in which a program of the test's stands in for orders, and says what it was sent. */
async function openPlatformWithEcho(): Promise<EchoedPlatform> {
  await using opening = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "sallyport_" });
  opening.defer(() => Deno.remove(dir, { recursive: true }));
  const ports = freePorts();
  const report = () => {};
  const platform = opening.use(await startPlatform({ dir, ports, report, without: ["orders"] }));

  const tls = `${dir}/tls`;
  const files = {
    certFile: `${tls}/orders/cert.pem`,
    keyFile: `${tls}/orders/key.pem`,
    caFile: `${tls}/ca.pem`,
    revokedFile: `${tls}/revoked.json`,
  };
  const identity = opening.use(await openTlsIdentity(files, { log: silentLogger }));
  const seen: Headers[] = [];
  const server = {
    hostname: "127.0.0.1",
    port: ports.orders,
    identity,
    log: silentLogger,
    drainMs: 100,
  };
  const callers = new Map([["spiffe://sallyport/gateway", "any"]] as const);
  opening.use(
    await serveMutualTls({ ...server, callers }, ({ headers, method, url }) => {
      seen.push(headers);
      return Response.json({ method, path: new URL(url).pathname, headers: [...headers] });
    }),
  );

  const edge = opening.use(await openEdgeClient(platform.credentials));
  const alice = platform.credentials.users.find(({ email }) => email.startsWith("alice@"))!;
  const { access_token: token } = await signIn(edge, { ...alice, redirectUri: demoRedirectUri });
  const opened = opening.move();
  const close = () => opened.disposeAsync();
  return { ...platform, edge, token, seen, [Symbol.asyncDispose]: close };
}
