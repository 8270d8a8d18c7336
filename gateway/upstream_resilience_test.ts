import { deepEqual, equal } from "node:assert/strict";
import { ConnectionError } from "platform/tls";
import { circuitLimits, retryBudget } from "./balancing/pools.ts";
import { FakeClock } from "./testing/fake_clock.ts";
import { type FakeGateway, fakeGateway, type Sent } from "./testing/fake_gateway.ts";

const refused = () => new ConnectionError("nobody is there", true);
const broken = () => new ConnectionError("it broke", false);
const yaml = `
_format_version: "3.0"
services:
  - id: 22222222-2222-4222-8222-222222222222
    name: orders
    url: https://orders
    retries: 2
    connect_timeout: 1000
    write_timeout: 1000
    read_timeout: 1000
    routes:
      - { name: keyed, paths: [/keyed], tags: [public, idempotent] }
      - { name: plain, paths: [/plain], tags: [public] }
`;

interface Scene extends FakeGateway {
  readonly clock: FakeClock;
  readonly waitsMs: number[];
  fail: (() => Error) | undefined;
}

function scene(
  given: { readonly pools?: FakeGateway["pools"]; readonly clock?: FakeClock } = {},
): Scene {
  const clock = given.clock ?? new FakeClock();
  const waitsMs: number[] = [];
  const it: Scene = {
    ...fakeGateway({
      yaml,
      clock,
      ...given.pools && { pools: given.pools },
      wait: (ms) => Promise.resolve(void waitsMs.push(ms)),
      service: () => {
        if (it.fail) throw it.fail();
        return new Response("ok");
      },
    }),
    clock,
    waitsMs,
    fail: undefined,
  };
  return it;
}

Deno.test("what is safe to repeat after a connection broke is repeated, within retries, and nothing else", async () => {
  const cases: [number, string, RequestInit][] = [
    [3, "/plain", { method: "GET" }],
    [3, "/plain", { method: "HEAD" }],
    [3, "/plain", { method: "OPTIONS" }],
    [3, "/plain", { method: "PUT", body: "{}" }],
    [3, "/plain", { method: "DELETE" }],
    [1, "/plain", { method: "POST", body: "{}" }],
    [1, "/plain", { method: "PATCH", body: "{}" }],
    [1, "/plain", { method: "POST", body: "{}", headers: { "idempotency-key": "k" } }],
    [1, "/keyed", { method: "POST", body: "{}" }],
    [3, "/keyed", { method: "POST", body: "{}", headers: { "idempotency-key": "k" } }],
    [1, "/plain", { method: "PUT", body: large() }],
  ];
  for (const [attempts, path, init] of cases) {
    const gateway = scene();
    gateway.fail = broken;
    equal((await gateway.ask(path, init)).status, 502);
    equal(gateway.sent.length, attempts, `${init.method} ${path}`);
  }
});

Deno.test("attempts are apart by a random pause whose bound grows, and lies within what is left of the time", async () => {
  const gateway = scene();
  gateway.fail = broken;
  await gateway.ask("/plain");
  equal(gateway.waitsMs.length, 2);
  equal(gateway.waitsMs.every((ms, at) => ms >= 0 && ms < 20 * 2 ** at), true);
});

Deno.test("all requests of a service share a budget of retries: when most fail, load does not multiply", async () => {
  const gateway = scene();
  const calls = 200;
  for (let call = 0; call < calls; call++) {
    // The others succeed, which keeps the circuit closed.
    gateway.fail = call % 5 === 4 ? broken : undefined;
    await gateway.ask("/plain");
  }
  const retries = gateway.sent.length - calls;
  const most = retryBudget.retriesMax + calls * retryBudget.retriesPerCall;
  equal(retries <= most, true, `${retries} retries`);
  equal(retries > retryBudget.retriesMax, true, `${retries} retries`);
});

Deno.test("a circuit opens on failures, answers 503 and when to come again, and lets one probe through", async () => {
  const gateway = scene();
  gateway.fail = broken;
  const post = { method: "POST", body: "{}" };
  for (let call = 0; call < circuitLimits.callsMin; call++) {
    equal((await gateway.ask("/plain", post)).status, 502);
  }
  const before = gateway.sent.length;
  await gateway.clock.advance(circuitLimits.openMs / 2);
  const refusal = await gateway.ask("/plain", post);
  equal(refusal.status, 503);
  equal(refusal.headers.get("retry-after"), "1");
  equal(gateway.sent.length, before);

  gateway.fail = undefined;
  await gateway.clock.advance(circuitLimits.openMs);
  equal((await gateway.ask("/plain", post)).status, 200);
  equal((await gateway.ask("/plain", post)).status, 200);
});

Deno.test("a service that nobody is at opens no circuit: it is met as soon as it is back", async () => {
  const gateway = scene();
  gateway.fail = refused;
  const post = { method: "POST", body: "{}" };
  for (let call = 0; call < circuitLimits.callsMin; call++) await gateway.ask("/plain", post);
  gateway.fail = undefined;
  equal((await gateway.ask("/plain", post)).status, 200);
});

Deno.test("an open circuit outlives the configuration in which it opened", async () => {
  const before = scene();
  before.fail = broken;
  for (let call = 0; call < circuitLimits.callsMin; call++) {
    await before.ask("/plain", { method: "POST" });
  }
  const after = scene(before);
  equal((await after.ask("/plain")).status, 503);
  equal(after.sent.length, 0);
});

Deno.test("an answer of 500, and a client that leaves, are no failures of the circuit", async () => {
  const clock = new FakeClock();
  const leaving: AbortController[] = [];
  const gateway = fakeGateway({
    yaml,
    clock,
    service: (sent) => {
      if (sent.method === "GET") return new Response(null, { status: 500 });
      leaving.pop()!.abort();
      return untilAborted(sent);
    },
  });
  for (let call = 0; call < circuitLimits.callsMin; call++) {
    leaving.push(new AbortController());
    await gateway.ask("/plain", { method: "POST", signal: leaving[0]!.signal });
  }
  for (let call = 0; call < circuitLimits.callsMin + 1; call++) {
    equal((await gateway.ask("/plain")).status, 500);
  }
});

Deno.test("a service is told how long its answer is waited for, and a client cannot say so in its place", async () => {
  const clock = new FakeClock();
  const { ask, sent } = fakeGateway({
    yaml,
    clock,
    wait: () => clock.advance(100),
    service: () => {
      if (sent.length < 2) throw broken();
      return new Response("ok");
    },
  });
  await ask("/plain", { headers: { "x-request-timeout-ms": "9999999" } });
  deepEqual(sent.map(({ headers }) => headers.get("x-request-timeout-ms")), ["3000", "2900"]);
});

Deno.test("a request that nobody was there for goes on, though the budget is spent", async () => {
  const clock = new FakeClock();
  const { ask, sent } = fakeGateway({
    yaml,
    clock,
    discovery: { watch: () => ({ origins: ["https://a.test", "https://b.test"] }) },
    service: ({ url, method }) => {
      if (method === "GET") throw new DOMException("late", "TimeoutError");
      if (url.startsWith("https://a.test")) throw refused();
      return new Response("ok");
    },
  });
  for (let call = 0; call < 6; call++) await ask("/plain");
  equal(sent.length < 18, true);
  for (let call = 0; call < 2; call++) {
    equal((await ask("/plain", { method: "POST", body: "{}" })).status, 200);
  }
});

function large(): ReadableStream<Uint8Array> {
  let left = 5;
  return new ReadableStream({
    pull(controller) {
      if (left-- === 0) return controller.close();
      controller.enqueue(new Uint8Array(16_384));
    },
  });
}

function untilAborted({ signal }: Sent): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    if (signal.aborted) reject(signal.reason);
  });
}
