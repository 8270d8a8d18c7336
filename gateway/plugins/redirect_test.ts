import { equal, throws } from "node:assert/strict";
import { gatewayWith } from "../testing/plugin_scene.ts";

async function locationOf(config: string, path: string): Promise<string | null> {
  const response = await gatewayWith("redirect", config).ask(path);
  return response.headers.get("location");
}

Deno.test("redirect leads to its location, by the status that it is told", async () => {
  const { ask, sent } = gatewayWith("redirect", "{ location: 'https://new.example/a?b=c' }");
  const response = await ask("/open/x?y=z");
  equal(response.status, 301);
  equal(response.headers.get("location"), "https://new.example/a?b=c");
  equal(sent.length, 0);
  const other = gatewayWith("redirect", "{ status_code: 308, location: 'http://new.example' }");
  equal((await other.ask("/open", { method: "POST", body: "x" })).status, 308);
});

Deno.test("redirect with keep_incoming_path takes path and query from the request, and the host never", async () => {
  const config = "{ location: 'https://new.example:444/a?b=c', keep_incoming_path: true }";
  equal(await locationOf(config, "/open/x?y=%2F"), "https://new.example:444/open/x?y=%2F");
  equal(await locationOf(config, "/open"), "https://new.example:444/open");
  equal(
    await locationOf(config, "/open/@evil.example"),
    "https://new.example:444/open/@evil.example",
  );
  const { ask } = gatewayWith("redirect", config);
  for (
    const path of ["//evil.example/open", "/open//evil.example", "/open/..//evil", "/open/\\evil"]
  ) {
    const response = await ask(path);
    equal(response.headers.get("location"), null, path);
    equal(response.status, 400, path);
  }
});

Deno.test("redirect takes no location that is not absolute, and no status that leads nowhere", () => {
  for (
    const location of ["/a", "//a.example", "'javascript:alert(1)'", "'https://a:b@c.example'"]
  ) {
    throws(() => gatewayWith("redirect", `{ location: ${location} }`), /absolute URL/, location);
  }
  throws(() => gatewayWith("redirect", "{ location: 'https://a', status_code: 200 }"), /one of/);
});
