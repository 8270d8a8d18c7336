import { deepEqual, equal, throws } from "node:assert/strict";
import { caching } from "../testing/caching_gateway.ts";
import { fakeGateway } from "../testing/fake_gateway.ts";
import { gatewayWith } from "../testing/plugin_scene.ts";

const as = (token: string) => ({ authorization: `Bearer ${token}` });

Deno.test("proxy-cache gives the same answer until its time is up, and tells how old it is", async () => {
  const { ask, get, pass, sent } = caching("cache_ttl: 10");
  const first = await ask("/open?a=1");
  equal(first.headers.get("x-cache-status"), "Miss");
  equal(first.headers.get("age"), null);
  equal(await first.text(), "1");
  pass(9_999);
  const copy = await ask("/open?a=1");
  equal(copy.headers.get("x-cache-status"), "Hit");
  equal(copy.headers.get("age"), "9");
  equal(copy.headers.get("content-length"), "1");
  equal(copy.headers.get("content-type"), "application/json");
  equal(copy.headers.get("x-cache-key"), first.headers.get("x-cache-key"));
  equal(await copy.text(), "1");
  pass(1);
  equal(await get("/open?a=1"), "2 Miss");
  equal(sent.length, 2);
});

Deno.test("proxy-cache says Refresh when what it has is kept, and not fresh any more", async () => {
  const { get, pass } = caching("cache_ttl: 10, storage_ttl: 60");
  equal(await get("/open"), "1 Miss");
  pass(10_000);
  equal(await get("/open"), "2 Refresh");
  equal(await get("/open"), "2 Hit");
});

Deno.test("proxy-cache never gives a caller what another was answered, known or not", async () => {
  const { get } = caching("");
  equal(await get("/own", as("customer")), "1 Miss");
  equal(await get("/own", as("admin")), "2 Miss");
  equal(await get("/own", as("customer+admin")), "3 Miss");
  equal(await get("/own", as("customer")), "1 Hit");
  equal(await get("/open"), "4 Miss");
  equal(await get("/open", as("customer")), "5 Miss", "a token that only the service looks at");
  equal(await get("/open", as("admin")), "6 Miss");
  equal(await get("/open", { cookie: "sid=1" }), "7 Miss");
  equal(await get("/open", { cookie: "sid=2" }), "8 Miss");
  equal(await get("/open"), "4 Hit");
});

Deno.test("proxy-cache gives nobody a copy whom the plugins before it refuse", async () => {
  const { get, ask } = caching("");
  await get("/own", as("customer"));
  equal((await ask("/own")).status, 401);
});

Deno.test("proxy-cache tells apart what services could, and takes the order of parameters for nothing", async () => {
  const { get } = caching("");
  equal(await get("/open?a=1&b=2"), "1 Miss");
  equal(await get("/open?b=2&a=1"), "1 Hit");
  let n = 1;
  for (
    const path of [
      "/open?a=1",
      "/open?a=1&b=%32",
      "/open?a=1&a=2",
      "/open?a=2&a=1",
      "/open?a=%ff",
      "/open?a=%fe",
      "/open/a",
      "/open/A",
    ]
  ) equal(await get(path), `${++n} Miss`, path);
  equal(await get("/open", { host: "edge.example:8443" }), "10 Miss");
});

Deno.test("proxy-cache varies by the parameters and headers that it is told, and ignores case where it is to", async () => {
  const { get } = caching("vary_query_params: [a], vary_headers: [X-Lang], ignore_uri_case: true");
  equal(await get("/open/x?a=1&b=1", { "x-lang": "de" }), "1 Miss");
  equal(await get("/open/X?a=1&b=2", { "x-lang": "de" }), "1 Hit");
  equal(await get("/open/x?%61=1&b=2", { "x-lang": "de" }), "2 Miss");
  equal(await get("/open/x?a=2&b=1", { "x-lang": "de" }), "3 Miss");
  equal(await get("/open/x?a=1&b=1", { "x-lang": "en" }), "4 Miss");
  equal(await get("/open/x?a=1&b=1"), "5 Miss");
});

Deno.test("proxy-cache heeds the answer's Vary, and keeps nothing that varies by everything", async () => {
  const { get } = caching("", { headers: { vary: "Accept-Language, Origin" } });
  equal(await get("/open", { "accept-language": "de" }), "1 Miss");
  equal(await get("/open", { "accept-language": "de" }), "1 Hit");
  equal(await get("/open", { "accept-language": "en" }), "2 Miss");
  equal(await get("/open", { "accept-language": "en" }), "2 Hit");
  equal(await get("/open", { "accept-language": "en", origin: "https://a" }), "3 Miss");
  const any = caching("", { headers: { vary: "Accept, *" } });
  equal(await any.get("/open"), "1 Bypass");
  equal(await any.get("/open"), "2 Bypass");
});

Deno.test("proxy-cache keeps no cookie, no part, and nothing of a status or type that is not named", async () => {
  const kept = async (answer: ResponseInit) => {
    const { get } = caching("", answer);
    await get("/open");
    return (await get("/open")).endsWith("Hit");
  };
  equal(await kept({}), true);
  equal(await kept({ status: 404 }), true);
  equal(await kept({ status: 201 }), false);
  equal(await kept({ status: 500 }), false);
  equal(await kept({ headers: { "set-cookie": "a=b" } }), false);
  equal(await kept({ headers: { "content-range": "bytes 0-0/1" } }), false);
  equal(await kept({ headers: { "content-type": "text/html" } }), false);
  equal(await kept({ headers: { "content-type": "application/json; charset=utf-8" } }), true);
});

Deno.test("proxy-cache lets the service answer what asks for a part, states a condition, or changes something", async () => {
  const { get, ask } = caching("");
  await get("/open");
  equal(await get("/open", { range: "bytes=0-0" }), "2 Bypass");
  equal(await get("/open", { "if-match": `"1"` }), "3 Bypass");
  const post = await ask("/open", { method: "POST", body: "a" });
  equal(await post.text(), "4");
  equal(post.headers.get("x-cache-status"), "Bypass");
  equal(await get("/open"), "1 Hit");
});

Deno.test("proxy-cache answers a HEAD from what a GET got, and keeps nothing of a HEAD's", async () => {
  const { ask, get, sent } = caching("");
  const head = () => ask("/open", { method: "HEAD" });
  equal((await head()).headers.get("x-cache-status"), "Miss");
  equal(await get("/open"), "2 Miss");
  const answer = await head();
  equal(answer.headers.get("x-cache-status"), "Hit");
  equal(answer.headers.get("content-length"), "1");
  equal(answer.body, null);
  equal(sent.length, 2);
});

Deno.test("proxy-cache says 304 to who has the answer already", async () => {
  const { ask, get } = caching("", { headers: { etag: `W/"v1"`, "x-more": "1" } });
  await get("/open");
  const known = await ask("/open", { headers: { "if-none-match": `"v0", "v1"` } });
  equal(known.status, 304);
  equal(known.headers.get("etag"), `W/"v1"`);
  equal(known.headers.get("x-more"), null);
  equal((await ask("/open", { headers: { "if-none-match": `"v0"` } })).status, 200);
});

Deno.test("proxy-cache says nothing of itself that it is told to keep quiet", async () => {
  const { ask, get, sent } = caching(
    "response_headers: { age: false, X-Cache-Status: false, X-Cache-Key: false }",
  );
  await get("/open");
  const { headers } = await ask("/open");
  equal(sent.length, 1);
  for (const name of ["age", "x-cache-status", "x-cache-key"]) equal(headers.get(name), null);
});

Deno.test("proxy-cache keeps answers as the service gave them, and others edit each copy", async () => {
  const yaml = `
_format_version: "3.0"
services:
  - name: orders
    url: https://orders
    routes: [{ name: open, paths: [/open], tags: [public] }]
plugins:
  - { name: proxy-cache, config: { strategy: memory } }
  - { name: response-transformer, config: { append: { json: ["seen:x"] } } }
`;
  const { ask, sent } = fakeGateway({
    yaml,
    service: () => Response.json({ seen: ["s"] }),
  });
  for (let round = 1; round <= 2; round++) {
    deepEqual(await (await ask("/open")).json(), { seen: ["s", "x"] });
  }
  equal(sent.length, 1);
});

Deno.test("proxy-cache takes no method that changes something, and no part for a whole", () => {
  const open = (config: string) => () => gatewayWith("proxy-cache", config);
  throws(open("{}"), /strategy/);
  throws(open("{ strategy: memory, request_method: [POST] }"), /one of: GET, HEAD/);
  throws(open("{ strategy: memory, response_code: [206] }"), /cannot be kept/);
  throws(open("{ strategy: memory, content_type: [json] }"), /media type/);
});
