import { deepEqual, equal } from "node:assert/strict";
import { fakeGateway } from "./testing/fake_gateway.ts";

const bearer = (roles: string) => ({ headers: { authorization: `Bearer ${roles}` } });

Deno.test("a plugin nearer to the route takes the place of one farther away", async () => {
  const { ask } = fakeGateway({
    yaml: `
_format_version: "3.0"
plugins:
  - { name: rate-limiting, config: { minute: 100 } }
services:
  - name: orders
    url: https://orders
    plugins: [{ name: rate-limiting, config: { minute: 50 } }]
    routes:
      - { name: a, paths: [/a], tags: [public] }
      - { name: b, paths: [/b], tags: [public], plugins: [{ name: rate-limiting, config: { minute: 5 } }] }
      - { name: c, paths: [/c], tags: [public], plugins: [{ name: rate-limiting, enabled: false, config: { minute: 5 } }] }
`,
  });
  const limitOf = async (path: string) => (await ask(path)).headers.get("x-ratelimit-limit-minute");
  deepEqual([await limitOf("/a"), await limitOf("/b"), await limitOf("/c")], ["50", "5", "50"]);
});

Deno.test("a route demands a token though the configuration names no jwt plugin", async () => {
  const yaml = `
_format_version: "3.0"
services:
  - { name: orders, url: "https://orders", routes: [{ name: a, paths: [/a] }] }
`;
  const { ask } = fakeGateway({ yaml });
  equal((await ask("/a")).status, 401);
  equal((await ask("/a", bearer("customer"))).status, 200);
});

Deno.test("Kong's matching holds: prefixes, longest first, after expressions, and strip_path by default", async () => {
  const { ask, sent } = fakeGateway({
    yaml: `
_format_version: "3.0"
services:
  - name: orders
    url: https://orders/base
    routes:
      - { name: short, paths: [/a], tags: [public] }
      - { name: long, paths: [/a/b/], tags: [public], strip_path: false }
      - { name: expression, paths: ["~/a/x\\\\d+"], tags: [public] }
      - { name: post, paths: [/a], methods: [POST], tags: [public], strip_path: false }
`,
  });
  const seen = async (path: string, method = "GET") => {
    equal((await ask(path, { method })).status, 200, path);
    return new URL(sent.at(-1)!.url).pathname;
  };
  equal(await seen("/a"), "/base/");
  equal(await seen("/abc"), "/base/bc");
  equal(await seen("/a/b"), "/base/b");
  equal(await seen("/a/b/c"), "/base/a/b/c");
  equal(await seen("/a/x12/y"), "/base/y");
  equal(await seen("/a/x12/y", "POST"), "/base/a/x12/y");
  equal((await ask("/b")).status, 404);
});

Deno.test("a HEAD is answered only where the route names it, as in Kong", async () => {
  const { ask } = fakeGateway({
    yaml: `
_format_version: "3.0"
services:
  - name: orders
    url: https://orders
    routes:
      - { name: a, paths: ["~/a$"], methods: [GET], tags: [public] }
      - { name: b, paths: ["~/b$"], methods: [HEAD], tags: [public] }
`,
  });
  const head = await ask("/a", { method: "HEAD" });
  deepEqual([head.status, head.headers.get("allow")], [405, "GET"]);
  equal((await ask("/a")).status, 200);
  equal((await ask("/b", { method: "HEAD" })).status, 200);
  equal((await ask("/b")).status, 405);
});
