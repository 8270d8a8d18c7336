import { equal } from "node:assert/strict";
import { gatewayWith } from "../testing/plugin_scene.ts";

const streamed = (text: string) => new Blob([text]).stream();

Deno.test("request-size-limiting refuses a body of one byte too many, announced or not", async () => {
  const config = "{ allowed_payload_size: 4, size_unit: bytes }";
  const { ask, sent } = gatewayWith("request-size-limiting", config);
  const headers = { "content-length": "5" };
  equal((await ask("/open", { method: "POST", body: "1234" })).status, 200);
  equal((await ask("/open", { method: "POST", body: "12345", headers })).status, 413);
  equal((await ask("/open", { method: "POST", body: streamed("12345") })).status, 413);
  equal(sent.length, 1);
});

Deno.test("request-size-limiting demands an announced length when it is told to, of who sends a body", async () => {
  const { ask } = gatewayWith("request-size-limiting", "{ require_content_length: true }");
  const post = (body: BodyInit, headers = {}) => ask("/open", { method: "POST", body, headers });
  const refused = await post(streamed("a"));
  equal(refused.status, 411);
  equal(refused.headers.get("content-type"), "application/problem+json");
  equal((await post("a", { "content-length": "1" })).status, 200);
  equal((await ask("/open")).status, 200);
});
