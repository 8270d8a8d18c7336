import { deepEqual, equal, match } from "node:assert/strict";
import { fakeGateway, rawRequest, type Sent } from "./testing/fake_gateway.ts";

const id = "7d9b6d54-8f0a-4f0e-9d83-0c7a3e0a1b2c";
const bearer = (roles: string) => ({ headers: { authorization: `Bearer ${roles}` } });

async function problemOf(response: Response): Promise<string> {
  equal(response.headers.get("content-type"), "application/problem+json");
  return String((await response.json()).type).replace("urn:sallyport:problem:", "");
}

Deno.test("the edge answers an unknown path with 404, whoever asks for it and how", async () => {
  const { ask, sent } = fakeGateway();
  for (const path of ["/", "/docs", "/openapi.json", "/ORDERS", "/orders/", "/order", "/ordersx"]) {
    for (const method of ["GET", "POST", "DELETE"]) {
      const response = await ask(path, { method, ...bearer("admin") });
      equal(response.status, 404, `${method} ${path}`);
      equal(await problemOf(response), "not-found");
    }
  }
  equal(sent.length, 0);
});

Deno.test("the edge answers an unknown method with 405 before it asks for a token, and names the known ones", async () => {
  const { ask } = fakeGateway();
  const allowed = async (path: string, method: string) => {
    const response = await ask(path, { method });
    equal(response.status, 405, `${method} ${path}`);
    // The answer to a HEAD says the same without a body.
    if (method !== "HEAD") equal(await problemOf(response), "method-not-allowed");
    return response.headers.get("allow");
  };
  equal(await allowed("/orders", "DELETE"), "GET, HEAD, POST");
  equal(await allowed(`/orders/${id}/cancel`, "GET"), "POST");
  equal(await allowed(`/orders/${id}/cancel`, "HEAD"), "POST");
  equal(await allowed("/users/me", "PUT"), "GET, HEAD, PATCH");
  equal(await allowed(`/users/${id}`, "PATCH"), "GET, HEAD");
  equal(await allowed("/webhooks/psp", "GET"), "POST");
  equal(await allowed("/oidc/token", "PATCH"), "GET, HEAD, POST, PUT, DELETE");
  equal(await allowed("/readyz", "POST"), "GET, HEAD");
  equal(await allowed("/orders", "OPTIONS"), "GET, HEAD, POST");
});

Deno.test("the edge demands a token before it looks at roles, and roles before the body", async () => {
  const { ask, sent } = fakeGateway();
  const huge = new Uint8Array(70_000);
  const nobody = await ask("/products", { method: "POST", body: huge });
  equal(nobody.status, 401);
  equal(nobody.headers.get("www-authenticate"), "Bearer");
  equal((await nobody.clone().json()).error, "Unauthorized");
  const customer = await ask("/products", { method: "POST", body: huge, ...bearer("customer") });
  equal(customer.status, 403);
  equal((await customer.clone().json()).error, "Insufficient permissions");
  const clerk = await ask("/products", { method: "POST", body: huge, ...bearer("orders") });
  equal(clerk.status, 413);
  equal(await problemOf(clerk), "content-too-large");
  equal(sent.length, 0);
});

Deno.test("each operation goes to its own service and peer, path and query as they came", async () => {
  const { ask, sent } = fakeGateway();
  const calls: [string, string, string][] = [
    ["POST", "/users", "auth"],
    ["GET", "/users/me", "auth"],
    ["GET", `/users/${id}`, "auth"],
    ["PUT", `/users/${id}/roles`, "auth"],
    ["POST", "/oidc/token", "auth"],
    ["GET", "/oidc/.well-known/openid-configuration", "auth"],
    ["GET", "/products", "orders"],
    ["HEAD", `/products/${id}`, "orders"],
    ["GET", `/orders/${id}/events?limit=1&cursor=%2f..%2f`, "orders"],
    ["POST", `/payments/${id}/refunds`, "payment"],
    ["POST", "/webhooks/psp", "payment"],
    ["GET", "/ledger/balance", "payment"],
  ];
  for (const [method, path, program] of calls) {
    const response = await ask(path, { method, ...bearer("admin+payment+customer") });
    equal(response.status, 200, `${method} ${path}`);
    const { peer, url, method: sentMethod } = sent.at(-1)!;
    equal(peer, `spiffe://sallyport/${program}`);
    equal(url.replace(/^https:\/\/(\w+)\.test:\d+/, "$1"), `${program}${path}`);
    equal(sentMethod, method);
  }
});

Deno.test("a path that could be read in two ways reaches no service", async () => {
  const { ask, sent } = fakeGateway();
  const tricks = [
    "/orders/a%2fcancel",
    "/orders/..%2fpayments",
    "/orders/..%2Fpayments",
    "/orders/%2e%2e/payments",
    "/orders/../payments",
    "/orders/./x",
    "/orders/..;/payments",
    "/orders/..;a=b/payments",
    "//orders",
    "/orders//x",
    "/orders/a%5cb",
    "/orders/a\\..\\b",
    "/orders/a%00",
    "/orders/%252e%252e",
    "/orders/a%252fb",
    "/orders/%c0%ae%c0%ae/x",
    "/orders/%zz",
    "/orders/%",
    "/orders/a b",
    "/orders/é",
    "/oidc/%2e%2e/users",
    "/oidc/..",
    "/oidc/a/../../users",
  ];
  for (const path of tricks) {
    const response = await ask(path, bearer("admin"));
    equal(response.status, 400, path);
    equal(await problemOf(response), "ambiguous-path");
  }
  equal(sent.length, 0);
});

Deno.test("what a service is sent is the path that was matched, in normal form", async () => {
  const { ask, sent } = fakeGateway();
  const paths = [
    ["/%6frders/%41", "/orders/A"],
    ["/orders/a%c3%a9", "/orders/a%C3%A9"],
    ["/orders/a;b=c", "/orders/a;b=c"],
    ["/orders/..a", "/orders/..a"],
  ] as const;
  for (const [path, seen] of paths) {
    equal((await ask(path, bearer("admin"))).status, 200, path);
    equal(new URL(sent.at(-1)!.url).pathname, seen);
    equal(sent.at(-1)!.url, `https://orders.test:4003${seen}`);
  }
});

Deno.test("a request without one plain host is refused", async () => {
  const { app, sent } = fakeGateway();
  const ask = (url: string, host?: string) =>
    app.fetch(rawRequest(url, host === undefined ? {} : { headers: { host } }));
  equal((await ask("http://edge.example:8443/products", "edge.example:8443")).status, 200);
  equal((await ask("http://[::1]:8443/products", "[::1]:8443")).status, 200);
  equal((await ask("http://edge.example:8443/products")).status, 200);
  const odd: [string, string?][] = [
    ["http://localhost:39999/products"], // what Deno.serve makes of an HTTP/1.1 request without a Host
    ["http://localhost:39999/products", ""],
    ["http://edge.example:8443/products", "other.example:8443"],
    ["http://a, b/products", "a, b"],
    ["http://user@edge.example:8443/products", "user@edge.example:8443"],
    ["http://e?x/products", "e?x"],
    ["http://e:99999999/products", "e:99999999"],
  ];
  for (const [url, host] of odd) {
    const response = await ask(url, host);
    equal(response.status, 400, `${url} ${host}`);
    equal(await problemOf(response), "odd-host");
  }
  equal(sent.length, 3);
});

Deno.test("the edge is ready when every service is, and not while one fails, hides or says no", async () => {
  const outages: ((sent: Sent) => Response | Promise<Response>)[] = [
    () => Promise.reject(new TypeError("connection refused")),
    () => new Response(null, { status: 503 }),
    ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  ];
  for (const outage of outages) {
    const well = new Response(null, { status: 204 });
    const service = (sent: Sent) => sent.peer.endsWith("/payment") ? outage(sent) : well.clone();
    equal((await fakeGateway({ service }).ask("/readyz")).status, 503);
    equal((await fakeGateway({ service }).ask("/livez")).status, 204);
  }
});

Deno.test("however often the edge is asked, services are asked once a second whether they are ready", async () => {
  let isUp = true;
  let nowMs = Date.UTC(2026, 0, 1);
  const { ask, sent } = fakeGateway({
    now: () => new Date(nowMs),
    service: () => new Response(null, { status: isUp ? 204 : 503 }),
  });
  const statuses = async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask("/readyz")));
    return [...new Set(answers.map(({ status }) => status))];
  };
  deepEqual(await statuses(), [204]);
  isUp = false;
  nowMs += 999;
  deepEqual(await statuses(), [204]);
  deepEqual(sent.map(({ url }) => url).toSorted(), [
    "https://auth.test:4001/readyz",
    "https://orders.test:4003/readyz",
    "https://payment.test:4002/readyz",
  ]);
  nowMs += 1;
  deepEqual(await statuses(), [503]);
  equal(sent.length, 6);
});

Deno.test("probes on the edge answer without a token, and a service without an address is not ready", async () => {
  equal((await fakeGateway().ask("/livez")).status, 204);
  equal((await fakeGateway().ask("/readyz", { method: "HEAD" })).status, 204);
  const lost = fakeGateway({ discovery: { watch: () => ({ origins: [] }) } });
  equal((await lost.ask("/readyz")).status, 503);
  equal((await lost.ask("/livez")).status, 204);
});

Deno.test("every answer carries an id and headers that tell browsers to be careful", async () => {
  const { ask, sent } = fakeGateway({
    service: () =>
      new Response("{}", { headers: { "x-request-id": "theirs-theirs", "server": "x" } }),
  });
  for (const path of ["/products", "/nowhere", "/orders", "/orders/../x"]) {
    const { headers } = await ask(path);
    equal(headers.get("x-request-id"), "11111111-1111-4111-8111-111111111111", path);
    equal(headers.get("x-content-type-options"), "nosniff");
    equal(headers.get("cache-control"), "no-store");
    match(headers.get("strict-transport-security") ?? "", /^max-age=31536000/);
    equal(headers.get("server"), null);
  }
  equal(sent[0]!.headers.get("x-request-id"), "11111111-1111-4111-8111-111111111111");
});

Deno.test("a client's own request id is kept only when it is well formed", async () => {
  const { ask, sent } = fakeGateway();
  const idFor = async (given: string) => {
    const response = await ask("/products", { headers: { "x-request-id": given } });
    equal(sent.at(-1)!.headers.get("x-request-id"), response.headers.get("x-request-id"));
    return response.headers.get("x-request-id");
  };
  equal(await idFor("client-4711"), "client-4711");
  for (const odd of ["short", "with space in it", '{"json":"injection"}', "x".repeat(129)]) {
    equal(await idFor(odd), "11111111-1111-4111-8111-111111111111");
  }
});

Deno.test("a preflight is answered without a token for origins that are configured, and the service is not asked", async () => {
  const { ask, sent } = fakeGateway();
  const preflight = (path: string, origin: string, method = "POST") =>
    ask(path, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": method },
    });
  const known = await preflight("/orders", "https://localhost:8443");
  equal(known.status, 204);
  equal(known.headers.get("access-control-allow-origin"), "https://localhost:8443");
  match(known.headers.get("access-control-allow-headers") ?? "", /Idempotency-Key/);
  match(known.headers.get("vary") ?? "", /Origin/);
  const stranger = await preflight("/orders", "https://evil.example");
  equal(stranger.status, 204);
  equal(stranger.headers.get("access-control-allow-origin"), null);
  equal(stranger.headers.get("access-control-allow-methods"), null);
  equal((await preflight("/nowhere", "https://localhost:8443")).status, 404);
  equal(sent.length, 0);
});

Deno.test("scripts of a configured origin may read refusals too, and a service's own grants are dropped", async () => {
  const { ask } = fakeGateway({
    service: () => new Response("{}", { headers: { "access-control-allow-origin": "*" } }),
  });
  const origin = "https://localhost:8443";
  const refused = await ask("/orders", { headers: { origin } });
  equal(refused.status, 401);
  equal(refused.headers.get("access-control-allow-origin"), origin);
  const elsewhere = await ask("/products", { headers: { origin: "https://evil.example" } });
  equal(elsewhere.headers.get("access-control-allow-origin"), null);
});

Deno.test("the body of a refused request is read away, so that the client hears the answer", async () => {
  const { ask } = fakeGateway();
  let left = 100;
  const body = new ReadableStream({
    pull(controller) {
      if (left-- === 0) controller.close();
      else controller.enqueue(new Uint8Array(1_000));
    },
  }, { highWaterMark: 0 });
  equal((await ask("/orders", { method: "POST", body })).status, 401);
  equal(left, -1);
});
