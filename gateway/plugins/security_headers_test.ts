import { equal, throws } from "node:assert/strict";
import { gatewayWith } from "../testing/plugin_scene.ts";

Deno.test("security-headers says on every answer what it is told to say", async () => {
  const config =
    `{ csp: "default-src 'self'", frame_options: SAMEORIGIN, permissions_policy: "camera=()" }`;
  const { ask } = gatewayWith("security-headers", config);
  for (const path of ["/open", "/own"]) {
    const { headers } = await ask(path);
    equal(headers.get("content-security-policy"), "default-src 'self'");
    equal(headers.get("x-frame-options"), "SAMEORIGIN");
    equal(headers.get("permissions-policy"), "camera=()");
    equal(headers.get("x-content-type-options"), "nosniff");
  }
});

Deno.test("security-headers leaves a service its own word, and says nothing of permissions unasked", async () => {
  const service = () => new Response("", { headers: { "content-security-policy": "none of it" } });
  const { ask } = gatewayWith("security-headers", "{}", { service });
  const { headers } = await ask("/open");
  equal(headers.get("content-security-policy"), "none of it");
  equal(headers.get("x-frame-options"), "DENY");
  equal(headers.get("permissions-policy"), null);
});

Deno.test("security-headers takes no text that could end a header", () => {
  throws(
    () => gatewayWith("security-headers", String.raw`{ csp: "a\r\nset-cookie: b" }`),
    /text of a header/,
  );
});
