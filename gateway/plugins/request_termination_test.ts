import { deepEqual, equal, throws } from "node:assert/strict";
import { gatewayWith } from "../testing/plugin_scene.ts";

Deno.test("request-termination answers in the service's place, an error as a problem", async () => {
  const { ask, sent } = gatewayWith("request-termination", "{ message: Closed for today }");
  const response = await ask("/open");
  equal(response.status, 503);
  equal(response.headers.get("content-type"), "application/problem+json");
  const { type, status, detail } = await response.json();
  equal(type, "urn:sallyport:problem:request-terminated");
  equal(status, 503);
  equal(detail, "Closed for today");
  equal((await ask("/own")).status, 401, "whom a token is demanded of is still asked for it");
  equal(sent.length, 0);
});

Deno.test("request-termination gives the body that it is told, of its type", async () => {
  const { ask } = gatewayWith(
    "request-termination",
    "{ status_code: 200, body: <p>Hello</p>, content_type: text/html }",
  );
  const response = await ask("/open");
  equal(response.status, 200);
  equal(response.headers.get("content-type"), "text/html");
  equal(await response.text(), "<p>Hello</p>");
  const empty = await gatewayWith("request-termination", "{ status_code: 204 }").ask("/open");
  equal(empty.status, 204);
  const calm = await gatewayWith("request-termination", "{ status_code: 202, message: Later }")
    .ask("/open");
  deepEqual(await calm.json(), { message: "Later" });
});

Deno.test("request-termination ends only what its trigger is in, as a header or in the query", async () => {
  const { ask, sent } = gatewayWith("request-termination", "{ trigger: x-halt }");
  equal((await ask("/open")).status, 200);
  equal((await ask("/open?x-haltx=1")).status, 200);
  equal((await ask("/open", { headers: { "X-Halt": "" } })).status, 503);
  equal((await ask("/open?x-halt")).status, 503);
  equal(sent.length, 2);
});

Deno.test("request-termination echoes what was asked, without what a script must not read", async () => {
  const { ask } = gatewayWith("request-termination", "{ status_code: 200, echo: true }");
  const headers = { authorization: "Bearer customer", cookie: "a=b", "x-mine": "1" };
  const { request, matched_route: route } = await (await ask("/own?q=%20", { headers })).json();
  deepEqual(request, {
    method: "GET",
    host: "edge.example:8443",
    path: "/own",
    query: [["q", " "]],
    headers: { "x-mine": "1" },
  });
  equal(route.name, "own");
});

Deno.test("request-termination takes no message beside a body, and no type without one", () => {
  const open = (config: string) => () => gatewayWith("request-termination", config);
  throws(open("{ message: a, body: b }"), /cannot be used/);
  throws(open("{ content_type: text/plain }"), /requires a body/);
  throws(open("{ status_code: 101 }"), /at least 200/);
});
