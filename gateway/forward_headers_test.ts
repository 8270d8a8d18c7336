import { deepEqual, equal } from "node:assert/strict";
import { passesMax } from "./forward_headers.ts";
import { fakeGateway } from "./testing/fake_gateway.ts";

const hostile = [
  "X-User-Id",
  "X-User-Roles",
  "X-Consumer-Username",
  "X-Consumer-Custom-Id",
  "X-Credential-Identifier",
  "X-Anonymous-Consumer",
  "X-Authenticated-Userid",
  "X-Forwarded-User",
  "X-Forwarded-Client-Cert",
  "X-Forwarded-Prefix",
  "X-Real-IP",
  "X-Client-Cert",
  "X-Client-Cert-Dn",
  "X-SSL-Client-Verify",
  "SSL-Client-Cert",
  "X-Envoy-External-Address",
  "X-Original-URL",
  "X-Rewrite-URL",
  "X-HTTP-Method-Override",
  "X-Remote-User",
  "Remote-User",
  "Client-Cert",
  "True-Client-IP",
  "CF-Connecting-IP",
  "X_User_Id",
  "Traceparent",
  "Proxy-Authorization",
  "TE",
  "Upgrade",
  "Keep-Alive",
];

Deno.test("no header by which a client claims to be somebody reaches a service", async () => {
  const { ask, sent } = fakeGateway();
  const headers = Object.fromEntries(hostile.map((name) => [name, "spoofed"]));
  equal((await ask("/products", { headers })).status, 200);
  const [{ headers: seen }] = sent as [typeof sent[0]];
  deepEqual([...seen].filter(([, value]) => value.includes("spoofed")), []);
});

Deno.test("the service learns from the gateway alone where a request came from", async () => {
  const { ask, sent } = fakeGateway();
  await ask("/products", {
    clientIp: "2001:db8::7",
    headers: {
      "x-forwarded-for": "10.0.0.1",
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "http",
      "x-forwarded-port": "80",
      "forwarded": "for=10.0.0.1;host=evil.example",
      "via": "1.0 proxy.example",
    },
  });
  const { headers } = sent[0]!;
  equal(headers.get("x-forwarded-for"), "2001:db8::7");
  equal(headers.get("x-forwarded-host"), "edge.example:8443");
  equal(headers.get("x-forwarded-proto"), "https");
  equal(headers.get("x-forwarded-port"), "8443");
  const forwarded = 'for="[2001:db8::7]";host="edge.example:8443";proto=https';
  equal(headers.get("forwarded"), forwarded);
  equal(headers.get("via"), "1.0 proxy.example, 1.1 sallyport");
  equal(headers.get("host"), null);
});

Deno.test("headers of the connection end at the edge, and those it names too; the client's own go on", async () => {
  const { ask, sent } = fakeGateway();
  await ask("/products", {
    headers: {
      "connection": "close, X-Secret-Hop",
      "x-secret-hop": "1",
      "transfer-encoding": "chunked",
      "authorization": "Bearer customer",
      "accept-language": "de",
      "cookie": "a=b; c=d",
      "if-none-match": '"1"',
      "x-custom": "kept",
    },
  });
  const { headers } = sent[0]!;
  for (const name of ["connection", "x-secret-hop", "transfer-encoding"]) {
    equal(headers.get(name), null, name);
  }
  equal(headers.get("authorization"), "Bearer customer");
  equal(headers.get("accept-language"), "de");
  equal(headers.get("cookie"), "a=b; c=d");
  equal(headers.get("if-none-match"), '"1"');
  equal(headers.get("x-custom"), "kept");
});

Deno.test("an answer loses what is the service's own business, and keeps each cookie", async () => {
  const { ask } = fakeGateway({
    service() {
      const headers = new Headers({
        "server": "inner/1.0",
        "x-powered-by": "engine",
        "x-internal-node": "7",
        "connection": "keep-alive, x-hop",
        "x-hop": "1",
        "keep-alive": "timeout=5",
        "etag": '"3"',
        "location": "https://elsewhere.example/",
      });
      headers.append("set-cookie", "a=1; HttpOnly");
      headers.append("set-cookie", "b=2; HttpOnly");
      return new Response("{}", { headers });
    },
  });
  const { headers } = await ask("/products");
  for (
    const name of ["server", "x-powered-by", "x-internal-node", "connection", "x-hop", "keep-alive"]
  ) {
    equal(headers.get(name), null, name);
  }
  deepEqual(headers.getSetCookie(), ["a=1; HttpOnly", "b=2; HttpOnly"]);
  equal(headers.get("etag"), '"3"');
  equal(headers.get("location"), "https://elsewhere.example/");
  equal(headers.get("via"), "1.1 sallyport");
});

Deno.test("preserve_host lets the service see the host that the client asked for", async () => {
  const { ask, sent } = fakeGateway({
    yaml: `
_format_version: "3.0"
services:
  - name: orders
    url: https://orders
    routes: [{ name: a, paths: [/a], tags: [public], preserve_host: true }]
`,
  });
  await ask("/a");
  equal(sent[0]!.headers.get("host"), "edge.example:8443");
});

Deno.test("a request that has passed here too often goes in a circle and is refused; one that came by others is not", async () => {
  const { ask, sent } = fakeGateway();
  const passed = (times: number) => Array(times).fill("1.1 sallyport (edge)").join(", ");
  const by = async (via: string) => (await ask("/products", { headers: { via } })).status;
  equal(await by(passed(passesMax - 1)), 200);
  equal(await by(passed(passesMax)), 508);
  equal(await by(Array(20).fill("1.1 sallyport.example").join(", ")), 200);
  equal(sent.length, 2);
});
