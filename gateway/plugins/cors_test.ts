import { equal, throws } from "node:assert/strict";
import { gatewayWith } from "../testing/plugin_scene.ts";

const asked = (origin: string, more: Record<string, string> = {}) => ({
  method: "OPTIONS",
  headers: { origin, "access-control-request-method": "GET", ...more },
});

Deno.test("cors by default grants every origin Kong's methods and the headers that are asked for", async () => {
  const { ask, sent } = gatewayWith("cors", "{}");
  const more = { "access-control-request-headers": "x-one, x-two" };
  const { status, headers } = await ask("/open", asked("https://a.example", more));
  equal(status, 204);
  equal(headers.get("access-control-allow-origin"), "*");
  equal(
    headers.get("access-control-allow-methods"),
    "GET, HEAD, PUT, PATCH, POST, DELETE, OPTIONS, TRACE, CONNECT",
  );
  equal(headers.get("access-control-allow-headers"), "x-one, x-two");
  equal(headers.get("access-control-max-age"), null);
  equal(headers.get("access-control-allow-private-network"), null);
  equal(sent.length, 0);
});

Deno.test("cors lets public pages into a private network only when it is told to", async () => {
  const more = { "access-control-request-private-network": "true" };
  const grant = async (config: string) =>
    (await gatewayWith("cors", config).ask("/open", asked("https://a.example", more)))
      .headers.get("access-control-allow-private-network");
  equal(await grant("{}"), null);
  equal(await grant("{ private_network: true }"), "true");
});

Deno.test("cors fits an expression to the whole of an origin, and a dot to a dot", async () => {
  const config = String
    .raw`{ origins: ["https://[a-z0-9-]+\\.example\\.com", "https://b.example"] }`;
  const { ask } = gatewayWith("cors", config);
  const allowed = async (origin: string) =>
    (await ask("/open", { headers: { origin } })).headers.get("access-control-allow-origin");
  for (const origin of ["https://a.example.com", "https://a-1.example.com", "https://b.example"]) {
    equal(await allowed(origin), origin);
  }
  for (
    const origin of [
      "https://a.example.com.evil.test",
      "https://evil.test/https://a.example.com",
      "https://aXexample.com",
      "https://a.exampleXcom",
      "http://a.example.com",
      "https://a.b.example.com",
      "null",
      `https://${"a".repeat(300)}.example.com`,
    ]
  ) equal(await allowed(origin), null, origin);
});

Deno.test("cors takes no expression that is loose or slow, and no credentials for all", () => {
  const open = (config: string) => () => gatewayWith("cors", config);
  const loose = [
    ".*",
    "https://.*",
    String.raw`https://.+\\.example`,
    String.raw`https://([a-z]+)+\\.example`,
    String.raw`https://[a-z]+[a-z]+[a-z]+\\.example`,
    String.raw`.*\\.example`,
    "example.com",
    "https://a.example/",
  ];
  for (const origin of loose) throws(open(`{ origins: ["${origin}"] }`), /Not an origin/, origin);
  throws(open(`{ credentials: true }`), /Credentials/);
  throws(open(`{ origins: ["*"], credentials: true }`), /Credentials/);
  throws(open(`{ preflight_continue: true }`), /one of/);
});
