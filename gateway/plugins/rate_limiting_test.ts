import { deepEqual, equal, throws } from "node:assert/strict";
import { MemoryRequestCounter } from "../adapters/mod.ts";
import type { RequestCounter } from "../ports.ts";
import { fakeGateway } from "../testing/fake_gateway.ts";
import { gatewayWith } from "../testing/plugin_scene.ts";
import { rateLimiting } from "./rate_limiting.ts";

function limited(config: string, options: Parameters<typeof gatewayWith>[2] = {}) {
  let atMs = Date.parse("2026-01-02T03:04:05.250Z");
  const gateway = gatewayWith("rate-limiting", config, { now: () => new Date(atMs), ...options });
  return { ...gateway, pass: (ms: number) => void (atMs += ms) };
}

Deno.test("rate-limiting refuses what is over the limit, says when to come back, and lets in again then", async () => {
  const { ask, pass, sent } = limited("{ second: 2, minute: 3 }");
  const first = await ask("/open");
  equal(first.headers.get("x-ratelimit-limit-second"), "2");
  equal(first.headers.get("x-ratelimit-remaining-second"), "1");
  equal(first.headers.get("x-ratelimit-remaining-minute"), "2");
  equal(first.headers.get("ratelimit-limit"), "2");
  equal(first.headers.get("ratelimit-remaining"), "1");
  equal(first.headers.get("ratelimit-reset"), "1");
  equal((await ask("/open")).status, 200);
  const refused = await ask("/open");
  equal(refused.status, 429);
  equal(refused.headers.get("content-type"), "application/problem+json");
  equal(refused.headers.get("retry-after"), "1");
  equal(refused.headers.get("x-ratelimit-remaining-second"), "0");
  // A refused request uses nothing up: of the minute, one is left.
  equal(refused.headers.get("x-ratelimit-remaining-minute"), "1");
  pass(1_000);
  equal((await ask("/open")).status, 200);
  const full = await ask("/open");
  equal(full.status, 429);
  equal(full.headers.get("retry-after"), "54");
  equal(sent.length, 3);
  pass(54_000);
  equal((await ask("/open")).status, 200);
});

Deno.test("rate-limiting counts each consumer alone, and callers without a token by address", async () => {
  const { ask } = limited("{ minute: 1 }");
  const as = (token: string) => ask("/own", { headers: { authorization: `Bearer ${token}` } });
  equal((await as("customer")).status, 200);
  equal((await as("customer")).status, 429);
  equal((await as("admin")).status, 200);
  equal((await ask("/open", { clientIp: "192.0.2.1" })).status, 200);
  equal((await ask("/open", { clientIp: "192.0.2.2" })).status, 200);
  equal((await ask("/open", { clientIp: "192.0.2.1" })).status, 429);
});

Deno.test("rate-limiting by ip or credential counts what it says, whoever the consumer is", async () => {
  const byIp = limited("{ minute: 1, limit_by: ip }");
  const headers = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  equal((await byIp.ask("/own", headers("customer"))).status, 200);
  equal((await byIp.ask("/own", headers("admin"))).status, 429);
  const byCredential = limited("{ minute: 1, limit_by: credential }");
  equal((await byCredential.ask("/own", headers("customer"))).status, 200);
  equal((await byCredential.ask("/own", headers("admin"))).status, 429);
});

Deno.test("rate-limiting holds all addresses of one IPv6 /64 to one limit", async () => {
  const { ask } = limited("{ minute: 1, limit_by: ip }");
  equal((await ask("/open", { clientIp: "2001:db8:0:1::1" })).status, 200);
  equal((await ask("/open", { clientIp: "2001:db8:0:1:ffff::9" })).status, 429);
  equal((await ask("/open", { clientIp: "2001:db8:0:2::1" })).status, 200);
});

Deno.test("rate-limiting tells clients nothing of the limits when they are to be hidden", async () => {
  const { ask } = limited("{ minute: 1, hide_client_headers: true }");
  equal((await ask("/open")).headers.get("x-ratelimit-limit-minute"), null);
  const refused = await ask("/open");
  equal(refused.status, 429);
  equal(refused.headers.get("retry-after"), "55");
});

Deno.test("rate-limiting by service, header or path counts what it says, and by address who lacks it", async () => {
  const status = async (
    { ask }: ReturnType<typeof limited>,
    path: string,
    init: { readonly headers?: Record<string, string>; readonly clientIp?: string } = {},
  ) => (await ask(path, init)).status;
  const byService = limited("{ minute: 1, limit_by: service }");
  equal(await status(byService, "/open", { clientIp: "192.0.2.1" }), 200);
  equal(await status(byService, "/open", { clientIp: "192.0.2.2" }), 429);

  const byHeader = limited("{ minute: 1, limit_by: header, header_name: X-Tenant }");
  const tenant = (name: string) => ({ headers: { "x-tenant": name } });
  equal(await status(byHeader, "/open", tenant("a")), 200);
  equal(await status(byHeader, "/open", { ...tenant("a"), clientIp: "192.0.2.9" }), 429);
  equal(await status(byHeader, "/open", tenant("b")), 200);
  equal(await status(byHeader, "/open", tenant("b".repeat(100))), 200);
  equal(await status(byHeader, "/open", tenant("b".repeat(101))), 200);
  equal(await status(byHeader, "/open", tenant("b".repeat(100))), 429);
  equal(await status(byHeader, "/open"), 200);
  equal(await status(byHeader, "/open"), 429);

  const byPath = limited("{ minute: 1, limit_by: path, path: /open/a }");
  equal(await status(byPath, "/open/a", { clientIp: "192.0.2.1" }), 200);
  equal(await status(byPath, "/open/a", { clientIp: "192.0.2.2" }), 429);
  equal(await status(byPath, "/open/b", { clientIp: "192.0.2.1" }), 200);
  equal(await status(byPath, "/open/b", { clientIp: "192.0.2.1" }), 429);
});

Deno.test("rate-limiting never takes the subject of a token for a consumer of the same name", async () => {
  const keys: string[] = [];
  const config = rateLimiting.config.parse({ minute: 9 });
  const counter: RequestCounter = {
    take(key) {
      keys.push(key);
      return { taken: true, counts: [1] };
    },
  };
  const counters = { local: counter, redis: counter, redisAlone: counter };
  const tools = { counters, now: () => new Date(0), place: "here" };
  const { access } = rateLimiting.create(config, tools as never);
  const known = { answerHeaders: [], principal: { subject: "one" }, clientIp: "one" };
  await access!(known as never);
  await access!({ ...known, consumer: { id: "one" } } as never);
  await access!({ ...known, principal: undefined } as never);
  deepEqual(keys, ["here subject one", "here consumer one", "here ip one"]);
});

Deno.test("rate-limiting says no in the words and with the code that it is given", async () => {
  const { ask } = limited("{ minute: 1, error_code: 418, error_message: Slow down }");
  await ask("/open");
  const refused = await ask("/open");
  equal(refused.status, 418);
  equal(refused.headers.get("content-type"), "application/problem+json");
  equal((await refused.json()).detail, "Slow down");
});

Deno.test("rate-limiting lets requests pass that cannot be counted, or answers 503 when it must not", async () => {
  const broken: RequestCounter = { take: () => Promise.reject(new Error("away")) };
  const local = new MemoryRequestCounter();
  const options = (redis: RequestCounter) => ({ counters: { local, redis, redisAlone: broken } });
  const redis = "minute: 1, policy: redis, redis: { host: redis-host }";
  const tolerant = limited(`{ ${redis} }`, options(broken));
  equal((await tolerant.ask("/open")).status, 200);
  equal((await tolerant.ask("/open")).status, 200);
  const strict = limited(`{ ${redis}, fault_tolerant: false }`, options(local));
  const refused = await strict.ask("/open");
  equal(refused.status, 503);
  equal(refused.headers.get("retry-after"), "1");
  equal(strict.sent.length, 0);
});

Deno.test("rate-limiting in sliding windows has no border where twice as many pass, and tells when there is room", async () => {
  const { ask, pass } = limited("{ minute: 4, window_type: sliding }");
  pass(54_000);
  for (let n = 1; n <= 4; n++) equal((await ask("/open")).status, 200);
  pass(750);
  const refused = await ask("/open");
  equal(refused.status, 429);
  const seconds = Number(refused.headers.get("retry-after"));
  // At 15 s into the minute, a quarter of the four has lost its weight.
  equal(seconds, 15);
  pass(seconds * 1_000 - 1);
  equal((await ask("/open")).status, 429);
  pass(1);
  equal((await ask("/open")).status, 200);
});

Deno.test("rate-limiting takes Kong's shorthands for redis, and prints the record", () => {
  const yaml = (config: string) => `
_format_version: "3.0"
plugins: [{ name: rate-limiting, config: ${config} }]
`;
  fakeGateway({ yaml: yaml("{ second: 5, hour: 1000, policy: redis, redis_host: redis-host }") });
  const given = JSON.parse(`{"second":5,"policy":"redis","redis_host":"a","redis_ssl":true}`);
  const { redis } = rateLimiting.config.parse(rateLimiting.prepare!(given)) as {
    readonly redis: unknown;
  };
  deepEqual(redis, {
    host: "a",
    port: 6379,
    timeout: 2000,
    username: null,
    password: null,
    database: 0,
    ssl: true,
    ssl_verify: false,
    server_name: null,
  });
});

Deno.test("rate-limiting takes no limits that contradict each other, and no field without what it needs", () => {
  const open = (config: string) => () => gatewayWith("rate-limiting", config);
  throws(open("{ second: 5, hour: 4 }"), /hour cannot be lower than the limit for second/);
  throws(open("{ second: 5, policy: redis }"), /redis\.host: required field missing/);
  throws(open("{ second: 5, limit_by: header }"), /header_name: required field missing/);
  throws(open("{ second: 5, limit_by: path }"), /path: required field missing/);
  throws(open("{ second: 5, sync_rate: 1 }"), /sync_rate/);
  throws(open("{ second: 5, policy: cluster }"), /one of: local, redis/);
});
