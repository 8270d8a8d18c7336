import { equal } from "node:assert/strict";
import { fakeGateway } from "../testing/fake_gateway.ts";

function limited(config: string) {
  let atMs = Date.parse("2026-01-02T03:04:05.250Z");
  const gateway = fakeGateway({
    yaml: `
_format_version: "3.0"
services:
  - name: orders
    url: https://orders
    routes:
      - { name: open, paths: [/open], tags: [public], plugins: [{ name: rate-limiting, config: ${config} }] }
      - { name: own, paths: [/own], plugins: [{ name: rate-limiting, config: ${config} }] }
`,
    now: () => new Date(atMs),
  });
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
