import { deepEqual, equal, match } from "node:assert/strict";
import { type FakeGateway, fakeGateway } from "../testing/fake_gateway.ts";

/** A gateway before three targets, with what an upstream says of hashing. */
function hashing(hash: string): FakeGateway {
  let visitors = 0;
  return fakeGateway({
    yaml: `
_format_version: "3.0"
upstreams:
  - name: orders.v1
    algorithm: consistent-hashing
    ${hash}
    targets: [{ target: "a:1" }, { target: "b:1" }, { target: "c:1" }, { target: "d:1" }]
services:
  - name: orders
    url: https://orders.v1
    routes: [{ name: o, paths: ["~/orders/(?<id>\\\\d+)", /], tags: [public] }]
`,
    newId: () => `visitor-${++visitors}`,
  });
}

/** How many servers met the requests. */
async function spread(
  { ask, sent }: FakeGateway,
  paths: readonly string[],
  init: (at: number) => RequestInit & { readonly clientIp?: string } = () => ({}),
): Promise<number> {
  const before = sent.length;
  for (const [at, path] of paths.entries()) equal((await ask(path, init(at))).status, 200);
  return new Set(sent.slice(before).map(({ url }) => new URL(url).hostname)).size;
}

const twenty = Array.from({ length: 20 }, (_, at) => at);

Deno.test("what hash_on names decides the server, and nothing else does", async () => {
  const same = twenty.map(() => "/x");
  const cases: [string, number, number][] = [
    [
      "hash_on: header\n    hash_on_header: x-shard",
      await spread(
        hashing("hash_on: header\n    hash_on_header: x-shard"),
        twenty.map((n) => `/${n}`),
        () => ({
          headers: { "x-shard": "7" },
        }),
      ),
      await spread(hashing("hash_on: header\n    hash_on_header: x-shard"), same, (at) => ({
        headers: { "x-shard": String(at) },
      })),
    ],
    [
      "hash_on: ip",
      await spread(hashing("hash_on: ip"), twenty.map((n) => `/${n}`)),
      await spread(hashing("hash_on: ip"), same, (at) => ({ clientIp: `192.0.2.${at}` })),
    ],
    [
      "hash_on: path",
      await spread(hashing("hash_on: path"), twenty.map((n) => `/x?page=${n}`)),
      await spread(hashing("hash_on: path"), twenty.map((n) => `/${n}`)),
    ],
    [
      "hash_on: query_arg",
      await spread(
        hashing("hash_on: query_arg\n    hash_on_query_arg: q"),
        twenty.map((n) => `/${n}?q=1`),
      ),
      await spread(
        hashing("hash_on: query_arg\n    hash_on_query_arg: q"),
        twenty.map((n) => `/x?q=${n}`),
      ),
    ],
    [
      "hash_on: uri_capture",
      await spread(
        hashing("hash_on: uri_capture\n    hash_on_uri_capture: id"),
        twenty.map((n) => `/orders/5?page=${n}`),
      ),
      await spread(
        hashing("hash_on: uri_capture\n    hash_on_uri_capture: id"),
        twenty.map((n) => `/orders/${n}`),
      ),
    ],
  ];
  for (const [name, together, apart] of cases) {
    equal(together, 1, name);
    equal(apart, 4, name);
  }
});

Deno.test("hash_fallback is gone by where a request has nothing of hash_on", async () => {
  const gateway = hashing("hash_on: header\n    hash_on_header: x-shard\n    hash_fallback: ip");
  equal(await spread(gateway, twenty.map((n) => `/${n}`)), 1);
  equal(await spread(gateway, twenty.map(() => "/x"), (at) => ({ clientIp: `192.0.2.${at}` })), 4);
});

Deno.test("a client without the cookie gets one, and meets the same server with it ever after", async () => {
  const gateway = hashing(
    "hash_on: cookie\n    hash_on_cookie: shard\n    hash_on_cookie_path: /a",
  );
  const first = await gateway.ask("/x");
  const [cookie] = first.headers.getSetCookie();
  match(cookie!, /^shard=visitor-1; Path=\/a; Secure; HttpOnly; SameSite=Lax$/);
  const headers = { cookie: `other=1; ${cookie!.split(";")[0]}` };
  equal(await spread(gateway, twenty.map((n) => `/${n}`), () => ({ headers })), 1);
  deepEqual(new Set(gateway.sent.map(({ url }) => new URL(url).hostname)).size, 1);
  deepEqual((await gateway.ask("/x", { headers })).headers.getSetCookie(), []);
  equal(await spread(gateway, twenty.map((n) => `/${n}`)), 4);
});
