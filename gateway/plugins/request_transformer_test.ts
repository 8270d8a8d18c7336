import { deepEqual, equal, throws } from "node:assert/strict";
import { fakeGateway, type Sent } from "../testing/fake_gateway.ts";
import { gatewayWith } from "../testing/plugin_scene.ts";

async function sentWith(config: string, path: string, init: RequestInit = {}): Promise<Sent> {
  const { ask, sent } = gatewayWith("request-transformer", config);
  equal((await ask(path, init)).status, 200);
  return sent[0]!;
}

function textOf({ body }: Sent): Promise<string> {
  return new Response(body).text();
}

const json = (value: unknown) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

Deno.test("request-transformer edits headers in Kong's order: remove, rename, replace, add, append", async () => {
  const { headers } = await sentWith(
    `{ remove: { headers: [x-gone] },
       rename: { headers: ["x-old:x-new", "x-none:x-nothing"] },
       replace: { headers: ["x-new:replaced", "x-absent:a"] },
       add: { headers: ["x-gone:added", "x-kept:not"] },
       append: { headers: ["x-kept:more", "x-fresh:a:b"] } }`,
    "/open",
    { headers: { "x-gone": "1", "x-old": "2", "x-kept": "3" } },
  );
  equal(headers.get("x-gone"), "added");
  equal(headers.get("x-old"), null);
  equal(headers.get("x-new"), "replaced");
  equal(headers.get("x-nothing"), null);
  equal(headers.get("x-absent"), null);
  equal(headers.get("x-kept"), "3, more");
  equal(headers.get("x-fresh"), "a:b");
});

Deno.test("request-transformer edits the query in the same order, and leaves what it does not name", async () => {
  const { url } = await sentWith(
    `{ remove: { querystring: [a] }, rename: { querystring: ["b:c"] },
       replace: { querystring: ["d:4", "none:0"] },
       add: { querystring: ["e:5 &+", "d:9"] }, append: { querystring: ["d:6"] } }`,
    "/open?a=1&a=2&b=3&b=4&d=0&z=%20",
  );
  equal(url.replace(/^.*\?/, ""), "d=4&z=%20&c=3&c=4&e=5%20%26%2B&d=6");
});

Deno.test("request-transformer edits a body of JSON, and takes no name for more than a name", async () => {
  const config =
    `{ remove: { body: [secret] }, rename: { body: ["old:new"] }, replace: { body: ["role:customer"] },
       add: { body: ["__proto__:x", "role:admin"] }, append: { body: ["tags:b", "one:2"] } }`;
  const given = { secret: 1, old: null, role: "admin", tags: ["a"], one: 1, deep: { secret: 2 } };
  const body = JSON.parse(await textOf(await sentWith(config, "/open", json(given))));
  equal(Object.getPrototypeOf(body), Object.prototype);
  deepEqual(Object.entries(body).toSorted(), [
    ["__proto__", "x"],
    ["deep", { secret: 2 }],
    ["new", null],
    ["one", [1, "2"]],
    ["role", "customer"],
    ["tags", ["a", "b"]],
  ]);
});

Deno.test("request-transformer lets no second member of the same name slip by", async () => {
  const body = `{"secret":1,"a":2,"secret":3,"s\\u0065cret":4}`;
  const init = { ...json({}), body };
  equal(await textOf(await sentWith("{ remove: { body: [secret] } }", "/open", init)), `{"a":2}`);
});

Deno.test("request-transformer edits a form, and makes a body where there was none", async () => {
  const config = `{ remove: { body: [a] }, add: { body: ["c:x y"] } }`;
  const form = { method: "POST", body: new URLSearchParams("a=1&b=%26") };
  equal(await textOf(await sentWith(config, "/open", form)), "b=%26&c=x%20y");
  const empty = { method: "POST", headers: { "content-type": "application/json" } };
  equal(await textOf(await sentWith(config, "/open", empty)), `{"c":"x y"}`);
});

Deno.test("request-transformer refuses what it cannot edit, and passes what has no fields", async () => {
  const { ask, sent } = gatewayWith("request-transformer", "{ remove: { body: [a] } }");
  const post = async (type: string, body: BodyInit, more = {}) => {
    const headers = { "content-type": type, ...more };
    return (await ask("/open", { method: "POST", headers, body })).status;
  };
  equal(await post("application/json", "{"), 400);
  equal(await post("application/merge-patch+json", "{"), 400);
  equal(await post("application/json", new Uint8Array([0x22, 0xff, 0x22])), 400);
  equal(await post("application/json", "{}", { "content-encoding": "gzip" }), 415);
  equal(await post("multipart/form-data; boundary=x", "--x--"), 415);
  equal(await post("application/json", JSON.stringify("x".repeat(65_536))), 413);
  equal(sent.length, 0);
  equal(await post("text/plain", "a"), 200);
  equal(await post("application/json", "[1]"), 200);
});

Deno.test("request-transformer changes the method, and a GET has no body", async () => {
  const sent = await sentWith("{ http_method: GET }", "/open", json({ a: 1 }));
  equal(sent.method, "GET");
  equal(sent.body, null);
  equal((await sentWith("{ http_method: PUT }", "/open")).method, "PUT");
});

Deno.test("request-transformer sends no request twice that it has made a POST", async () => {
  let calls = 0;
  const service = () => {
    calls++;
    throw new TypeError("reset");
  };
  const { ask } = gatewayWith("request-transformer", "{ http_method: POST }", { service });
  equal((await ask("/open")).status, 502);
  equal(calls, 1);
});

Deno.test("request-transformer puts parts of the request where it is told, and nothing else with them", async () => {
  const config =
    `{ add: { headers: ["x-q:<$(query_params.q)>"], querystring: ["u:$(headers.x_user)"] } }`;
  const init = { headers: { "x-user": "a&b=c" } };
  const sent = await sentWith(config, "/open?q=%C3%A9", init);
  equal(sent.headers.get("x-q"), "<é>");
  equal(new URL(sent.url).searchParams.get("u"), "a&b=c");
  equal(new URL(sent.url).searchParams.get("b"), null);
  for (const q of ["%0d%0ax-evil:1", "%00", "%E2%82%AC"]) {
    const { ask, sent } = gatewayWith("request-transformer", config);
    equal((await ask(`/open?q=${q}`)).status, 400, q);
    equal(sent.length, 0);
  }
});

Deno.test("request-transformer replaces the path by parts of it, and lets no value lead elsewhere", async () => {
  const { ask, sent } = fakeGateway({
    yaml: String.raw`
_format_version: "3.0"
services:
  - name: orders
    url: https://orders/base
    routes:
      - name: open
        paths: ["~/v1/(?<id>[^/]+)"]
        tags: [public]
        plugins:
          - name: request-transformer
            config: { replace: { uri: "/v2/$(uri_captures.id)/$(query_params.part or 'all')" } }
`,
  });
  const pathOf = async (path: string) => {
    const { status } = await ask(path);
    return status === 200 ? new URL(sent.at(-1)!.url).pathname : status;
  };
  equal(await pathOf("/v1/a%20b"), "/v2/a%20b/all");
  equal(await pathOf("/v1/7?part=x%3Fy%23z"), "/v2/7/x%3Fy%23z");
  for (const part of ["..", "a%2Fb", "%5C", "%00", "%252e%252e"]) {
    equal(await pathOf(`/v1/7?part=${part}`), 400, part);
  }
});

Deno.test("request-transformer replaces the host by a name that is written down, and tells no lies for the gateway", async () => {
  const sent = await sentWith(`{ replace: { headers: ["Host:inner.example:81"] } }`, "/open");
  equal(sent.headers.get("host"), "inner.example:81");
  const open = (config: string) => () => gatewayWith("request-transformer", config);
  for (
    const header of [
      "host",
      "Content-Length",
      "transfer-encoding",
      "connection",
      "x-forwarded-for",
      "forwarded",
      "X-Consumer-Id",
      "via",
      "x_user_id",
      "x-request-id",
    ]
  ) {
    throws(open(`{ add: { headers: ["${header}:1"] } }`), /gateway's own/, header);
    throws(open(`{ append: { headers: ["${header}:1"] } }`), /gateway's own/, header);
    throws(open(`{ rename: { headers: ["x-a:${header}"] } }`), /gateway's own/, header);
    if (header === "host") continue;
    throws(open(`{ replace: { headers: ["${header}:1"] } }`), /gateway's own/, header);
  }
  throws(open(`{ replace: { headers: ["host:$(headers.x)"] } }`), /gateway's own/);
});

Deno.test("request-transformer takes no value that could end a header, no name alone, no other reference", () => {
  const open = (config: string) => () => gatewayWith("request-transformer", config);
  for (const value of [String.raw`a\r\nb:c`, String.raw`a\0`, "€"]) {
    throws(open(`{ add: { headers: ["x-a:${value}"] } }`), /text of a header/, value);
  }
  throws(open(`{ add: { headers: [x-a] } }`), /has no value/);
  throws(open(`{ add: { body: ["a:"] } }`), /has no value/);
  throws(open(`{ add: { body: ["a:$(shared.b)"] } }`), /can be referred to/);
  throws(open(`{ replace: { uri: "https://evil" } }`), /start with/);
  throws(open(`{ http_method: HEAD }`), /one of/);
});
