import { equal, match, throws } from "node:assert/strict";
import { gatewayWith } from "../testing/plugin_scene.ts";

Deno.test("correlation-id tells the service in the header that it is given, and the client only when it is to", async () => {
  const { ask, sent } = gatewayWith("correlation-id", "{}");
  const response = await ask("/open");
  equal(response.headers.get("kong-request-id"), null);
  const id = sent[0]!.headers.get("kong-request-id");
  match(id ?? "", /^11111111-1111-4111-8111-111111111111#1$/);
  equal(sent[0]!.headers.get("x-request-id"), id, "the platform's services know it by this");
  await ask("/open");
  match(sent[1]!.headers.get("kong-request-id") ?? "", /#2$/);
  const echoing = gatewayWith(
    "correlation-id",
    "{ header_name: X-Trace, generator: uuid, echo_downstream: true }",
  );
  const echoed = await echoing.ask("/open");
  equal(echoed.headers.get("x-trace"), "11111111-1111-4111-8111-111111111111");
});

Deno.test("correlation-id keeps a client's own id when it is well formed, and no other", async () => {
  const { ask, sent } = gatewayWith("correlation-id", "{ header_name: X-Trace, generator: uuid }");
  await ask("/open", { headers: { "x-trace": "theirs-01#2" } });
  equal(sent.at(-1)!.headers.get("x-trace"), "theirs-01#2");
  for (const odd of ["short", "with space in it", '"quoted-id"', "x".repeat(129)]) {
    await ask("/open", { headers: { "x-trace": odd } });
    equal(sent.at(-1)!.headers.get("x-trace"), "11111111-1111-4111-8111-111111111111", odd);
  }
});

Deno.test("correlation-id by tracker names edge, process, count and time", async () => {
  const { ask, sent } = gatewayWith("correlation-id", "{ generator: tracker }");
  await ask("/open");
  const id = sent[0]!.headers.get("kong-request-id");
  equal(id, "edge.example-8443-11111111-1-1-1767323045.000");
});

Deno.test("correlation-id takes no header that the gateway speaks for", () => {
  for (const header of ["Host", "X-Forwarded-For", "Content-Length", "X-Consumer-Id", "a b"]) {
    throws(() => gatewayWith("correlation-id", `{ header_name: ${header} }`), header);
  }
});
