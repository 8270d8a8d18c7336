// Headers by which a client claims to be somebody, or somewhere, else (CWE-290, CWE-348; RFC 7239, section 8; RFC 9110, section 7.6.1).
import { deepEqual, equal, ok } from "node:assert/strict";
import { aListeningGateway, type ListeningGateway, sendBytes } from "./gateway_fixture.ts";
import { connectHttp2 } from "./http2_frames.ts";

const lie = "i-am-the-admin";

const claims = [
  ...["For", "Host", "Port", "Proto", "Path", "Prefix", "By", "Server", "Scheme", "Ssl", "User"]
    .map((name) => `X-Forwarded-${name}`),
  ...["Email", "Groups", "Client-Cert", "Access-Token", "Tls-Client-Cert", "Preferred-Username"]
    .map((name) => `X-Forwarded-${name}`),
  "X-Forwarded",
  "Forwarded",
  ...["Id", "Custom-Id", "Username", "Groups"].map((name) => `X-Consumer-${name}`),
  ...["Identifier", "Username"].map((name) => `X-Credential-${name}`),
  "X-Anonymous-Consumer",
  ...["Id", "Roles", "Email", "Name", "Groups"].map((name) => `X-User-${name}`),
  "X-User",
  "X-Userinfo",
  ...["Userid", "Scope", "Groups", "User", "Roles"].map((name) => `X-Authenticated-${name}`),
  ...["User", "Email", "Groups"].map((name) => `X-Auth-Request-${name}`),
  "X-Remote-User",
  "X-Remote-Addr",
  "X-Remote-IP",
  "Remote-User",
  "X-Real-IP",
  "X-Client-IP",
  "X-Cluster-Client-IP",
  "True-Client-IP",
  "CF-Connecting-IP",
  "Fastly-Client-IP",
  "X-Envoy-External-Address",
  "X-Envoy-Original-Path",
  "Client-Cert",
  "Client-Cert-Chain",
  "X-Client-Cert",
  "X-Client-Cert-Chain",
  "X-Client-Cert-DN",
  "X-Client-Cert-San",
  "X-Client-Verify",
  "SSL-Client-Cert",
  "SSL-Client-Verify",
  "SSL-Client-S-DN",
  "X-SSL-Client-Cert",
  "X-SSL-Client-Verify",
  "X-SSL-CERT",
  "X-TLS-Client-Cert",
  "X-Amzn-Mtls-Clientcert",
  "X-SPIFFE-ID",
  "X-JWT-Assertion",
  "X-JWT-Payload",
  "X-ID-Token",
  "X-Original-URL",
  "X-Original-Host",
  "X-Rewrite-URL",
  "X-Host",
  "X-HTTP-Host-Override",
  "X-HTTP-Method-Override",
  "X-Accel-Redirect",
  "X-Scheme",
  "Front-End-Https",
  "X-Internal-Caller",
  "X-Sallyport-Subject",
  "X-Kong-Upstream-Status",
  "Traceparent",
  "Tracestate",
];

async function ask(gateway: ListeningGateway, ...lines: readonly string[]): Promise<void> {
  const head = ["GET /public/x HTTP/1.1", `Host: ${gateway.host}`, "Connection: close", ...lines];
  const { statuses } = await sendBytes(gateway, [...head, "", ""].join("\r\n"));
  deepEqual(statuses, [200]);
}

/** The gateway's own word on each point, once, and nothing that was claimed. */
function isClean({ upstream, host }: ListeningGateway): void {
  ok(upstream.requests.length > 0);
  equal(upstream.bytes.includes(lie), false, "what was claimed stands in the bytes");
  const words = {
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": host,
    "x-forwarded-port": host.split(":")[1]!,
    "x-forwarded-proto": "https",
    "forwarded": `for=127.0.0.1;host="${host}";proto=https`,
    "via": "1.1 sallyport",
  };
  for (const { headers } of upstream.requests) {
    for (const [name, word] of Object.entries(words)) {
      deepEqual(headers.filter(([one]) => one === name), [[name, word]]);
    }
    deepEqual(headers.filter(([name]) => name.includes("_")), []);
  }
}

Deno.test("No claim of a client reaches the service, in any case, said twice, or with odd blanks", async () => {
  await using gateway = await aListeningGateway();
  for (let from = 0; from < claims.length; from += 20) {
    const some = claims.slice(from, from + 20);
    await ask(gateway, ...some.map((name) => `${name}: ${lie}`));
    await ask(gateway, ...some.map((name) => `${name.toUpperCase()}:${lie}`));
    await ask(
      gateway,
      ...some.flatMap((name) => [`${name.toLowerCase()}:\t${lie}`, `${name}: x, ${lie} `]),
    );
  }
  isClean(gateway);
});

Deno.test("Nor do names that some servers take for them: underscores for hyphens", async () => {
  await using gateway = await aListeningGateway();
  const hyphened = claims.filter((name) => name.includes("-"));
  const spellings = hyphened.flatMap((name) => [
    name.replaceAll("-", "_"),
    name.replace("-", "_"),
    `HTTP_${name.toUpperCase().replaceAll("-", "_")}`,
  ]);
  for (let from = 0; from < spellings.length; from += 60) {
    await ask(gateway, ...spellings.slice(from, from + 60).map((name) => `${name}: ${lie}`));
  }
  isClean(gateway);
});

Deno.test("Nor does a name that is hardly one: it ends the request", async () => {
  await using gateway = await aListeningGateway();
  for (const name of ["X-User-Id ", "X-User-Id\t", "X-User-Id\0", "X-User Id", "\x0bX-User-Id"]) {
    const head = `GET /public/x HTTP/1.1\r\nHost: ${gateway.host}\r\n${name}: ${lie}\r\n\r\n`;
    deepEqual((await sendBytes(gateway, head)).statuses, [400], JSON.stringify(name));
  }
  equal(gateway.upstream.bytes, "");
});

Deno.test("The same holds in HTTP/2", async () => {
  await using gateway = await aListeningGateway();
  await using client = await connectHttp2(gateway);
  const pseudo = [
    [":method", "GET"],
    [":scheme", "https"],
    [":authority", gateway.host],
    [":path", "/public/x"],
  ] as const;
  for (let from = 0; from < claims.length; from += 20) {
    const stream = from / 10 + 1;
    const some = claims.slice(from, from + 20).flatMap((name) => [
      [name.toLowerCase(), lie] as const,
      [name.toLowerCase().replaceAll("-", "_"), lie] as const,
    ]);
    client.headers(stream, [...pseudo, ...some.filter(([name]) => name !== "tracestate")]);
    await client.until(() => client.ended.has(stream));
    equal(client.statuses.get(stream), 200);
  }
  isClean(gateway);
});

Deno.test("What is of one connection, or named so by the client, goes no further than that connection", async () => {
  await using gateway = await aListeningGateway();
  const named = "Connection: close, X-Hop, x-hop-too, Keep-Alive, TE";
  await ask(
    gateway,
    named,
    "Connection: x-last-hop",
    ...["X-Hop", "X-Hop-Too", "X-Last-Hop", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection"]
      .map((name) => `${name}: ${lie}`),
    ...["TE", "Trailer", "Upgrade", "HTTP2-Settings", "Proxy-Authenticate"]
      .map((name) => `${name}: ${lie}`),
  );
  isClean(gateway);
});

Deno.test("A client cannot take away the gateway's word by calling it the connection's", async () => {
  await using gateway = await aListeningGateway();
  const names = ["X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via", "X-Request-Id", "Host"];
  await ask(
    gateway,
    `Connection: ${names.join(", ")}`,
    ...names.slice(0, 3).map((one) => `${one}: ${lie}`),
  );
  isClean(gateway);
});
