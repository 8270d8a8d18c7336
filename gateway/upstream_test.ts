import { deepEqual, equal, rejects } from "node:assert/strict";
import { fakeGateway, type Sent } from "./testing/fake_gateway.ts";

const customer = { authorization: "Bearer customer" };
const refusedConnection = () =>
  new TypeError("fetch failed", {
    cause: Object.assign(new Error("connect ECONNREFUSED 10.1.2.3:4003"), { code: "ECONNREFUSED" }),
  });

/** A gateway whose service fails `failures` times and then answers. */
function flaky(failures: number, failure: () => Error = refusedConnection) {
  return fakeGateway({
    service: () => {
      if (failures-- > 0) throw failure();
      return Response.json({ ok: true });
    },
  });
}

Deno.test("a GET is sent again until the service is there, at most as often as retries says", async () => {
  const recovering = flaky(3);
  equal((await recovering.ask("/products")).status, 200);
  equal(recovering.sent.length, 4);
  const dead = flaky(Infinity);
  equal((await dead.ask("/products")).status, 503);
  equal(dead.sent.length, 6);
});

Deno.test("a POST is never sent twice, unless its Idempotency-Key is one that the route honours", async () => {
  const once = flaky(1);
  const options = { method: "POST", body: "{}", headers: customer };
  equal((await once.ask("/orders", options)).status, 503);
  equal(once.sent.length, 1);
  const keyed = flaky(2);
  const headers = { ...customer, "idempotency-key": "k1" };
  equal((await keyed.ask("/orders", { ...options, headers })).status, 200);
  deepEqual(await Promise.all(keyed.sent.map(bodyText)), ["{}", "{}", "{}"]);
  deepEqual(new Set(keyed.sent.map(({ headers }) => headers.get("x-request-id"))).size, 1);
  const ignored = flaky(1);
  const cancel = await ignored.ask("/orders/1/cancel", { method: "POST", headers });
  equal(cancel.status, 503);
  equal(ignored.sent.length, 1);
});

Deno.test("an answer is an answer: a 503 of the service is passed on, not asked for again", async () => {
  const { ask, sent } = fakeGateway({
    service: () => new Response("{}", { status: 503, headers: { "retry-after": "7" } }),
  });
  const response = await ask("/products");
  equal(response.status, 503);
  equal(response.headers.get("retry-after"), "7");
  equal(sent.length, 1);
});

Deno.test("a client learns that a service failed, and nothing of how", async () => {
  const cases: [number, () => Error][] = [
    [503, refusedConnection],
    [503, () => new TypeError("fetch failed: client error (Connect): tcp connect error")],
    [502, () => new TypeError("connection closed before message completed")],
    [502, () => new TypeError('Cannot fetch "https://10.1.2.3": its certificate is refused')],
    [504, () => new DOMException("late", "TimeoutError")],
  ];
  for (const [status, failure] of cases) {
    const response = await flaky(Infinity, failure).ask("/products");
    equal(response.status, status, failure().message);
    equal(response.headers.get("retry-after"), "1");
    const text = await response.text();
    deepEqual(Object.keys(JSON.parse(text)).sort(), ["status", "title", "type"]);
  }
});

Deno.test("a service that does not answer in time is given up with 504 and told so", async () => {
  let signal: AbortSignal | undefined;
  const { ask } = fakeGateway({
    yaml: `
_format_version: "3.0"
services:
  - name: orders
    url: https://orders
    retries: 0
    connect_timeout: 1
    write_timeout: 1
    read_timeout: 1
    routes: [{ name: a, paths: [/a], tags: [public] }]
`,
    service: (sent) => {
      signal = sent.signal;
      return untilAborted(sent);
    },
  });
  equal((await ask("/a")).status, 504);
  equal(signal!.aborted, true);
});

Deno.test("a client that leaves takes its request to the service with it", async () => {
  const asked = Promise.withResolvers<Sent>();
  const { ask } = fakeGateway({
    service: (sent) => {
      asked.resolve(sent);
      return untilAborted(sent);
    },
  });
  const leaving = new AbortController();
  const answer = ask("/products", { signal: leaving.signal });
  const { signal } = await asked.promise;
  equal(signal.aborted, false);
  leaving.abort();
  await answer;
  equal(signal.aborted, true);
});

Deno.test("an answer flows on piece by piece, and a client that stops reading stops the service", async () => {
  let made = 0;
  let signal: AbortSignal | undefined;
  const { ask } = fakeGateway({
    service: (sent) => {
      signal = sent.signal;
      const body = new ReadableStream({
        pull: (controller) => controller.enqueue(new TextEncoder().encode(`piece ${++made};`)),
      }, { highWaterMark: 0 });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    },
  });
  const reader = (await ask("/products")).body!.getReader();
  equal(made, 0);
  equal(new TextDecoder().decode((await reader.read()).value), "piece 1;");
  equal(new TextDecoder().decode((await reader.read()).value), "piece 2;");
  equal(made, 2);
  await reader.cancel("enough");
  equal(signal!.aborted, true);
});

Deno.test("an answer that breaks off reaches the client broken off, not as if it were whole", async () => {
  const { ask } = fakeGateway({
    service() {
      let pieces = 0;
      return new Response(
        new ReadableStream({
          pull(controller) {
            if (pieces++ > 0) throw new TypeError("connection reset");
            controller.enqueue(new Uint8Array(10));
          },
        }),
      );
    },
  });
  const response = await ask("/products");
  equal(response.status, 200);
  await rejects(() => response.text(), /connection reset/);
});

Deno.test("a large upload flows on without being held, and never twice", async () => {
  const { ask, sent } = fakeGateway({
    yaml: `
_format_version: "3.0"
services:
  - name: orders
    url: https://orders
    routes: [{ name: a, paths: [/a], tags: [public] }]
`,
    async service({ body }) {
      equal(body instanceof ReadableStream, true);
      return Response.json({ length: (await new Response(body).arrayBuffer()).byteLength });
    },
  });
  const body = piecesOf(40, 16_384);
  const response = await ask("/a", { method: "POST", body, headers: { "idempotency-key": "k" } });
  equal((await response.json()).length, 40 * 16_384);
  equal(sent.length, 1);
});

Deno.test("a body that turns out too large is 413, though no length was announced", async () => {
  const { ask, sent } = fakeGateway();
  const response = await ask("/orders", {
    method: "POST",
    body: piecesOf(5, 16_384),
    headers: customer,
  });
  equal(response.status, 413);
  equal(sent.length, 0);
  const allowed = await ask("/orders", {
    method: "POST",
    body: piecesOf(4, 16_384),
    headers: customer,
  });
  equal(allowed.status, 200);
});

Deno.test("a body that turns out too large while it flows is 413 too, and the service's request is cut", async () => {
  const { ask, sent } = fakeGateway({
    yaml: `
_format_version: "3.0"
plugins: [{ name: request-size-limiting, config: { allowed_payload_size: 200, size_unit: kilobytes } }]
services:
  - name: orders
    url: https://orders
    routes: [{ name: a, paths: [/a], tags: [public] }]
`,
    service: async ({ body }) =>
      Response.json({ length: (await new Response(body).text()).length }),
  });
  const response = await ask("/a", { method: "POST", body: piecesOf(100, 16_384) });
  equal(response.status, 413);
  equal(sent.length, 1);
  equal(sent[0]!.signal.aborted, true);
});

Deno.test("a redirect is passed on, not followed", async () => {
  const { ask, sent } = fakeGateway({
    service: () => new Response(null, { status: 303, headers: { location: "/oidc/next" } }),
  });
  const response = await ask("/oidc/auth");
  equal(response.status, 303);
  equal(response.headers.get("location"), "/oidc/next");
  equal(sent.length, 1);
});

Deno.test("answers without a body stay without one", async () => {
  for (const status of [204, 304]) {
    const { ask } = fakeGateway({
      service: () => new Response(null, { status, headers: { etag: '"1"' } }),
    });
    const response = await ask("/products");
    equal(response.status, status);
    equal(response.body, null);
    equal(response.headers.get("etag"), '"1"');
  }
  const { ask } = fakeGateway({
    service: () => new Response(null, { headers: { "content-length": "250" } }),
  });
  const head = await ask("/products", { method: "HEAD" });
  equal(head.body, null);
  equal(head.headers.get("content-length"), "250");
  equal((await ask("//", { method: "HEAD" })).body, null);
});

function piecesOf(count: number, bytes: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      if (count-- === 0) return controller.close();
      controller.enqueue(new Uint8Array(bytes));
    },
  }, { highWaterMark: 0 });
}

function untilAborted({ signal }: Sent): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

async function bodyText({ body }: Sent): Promise<string> {
  return await new Response(body).text();
}
