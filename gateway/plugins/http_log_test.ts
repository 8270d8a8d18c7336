import { deepEqual, equal, match } from "node:assert/strict";
import { MetricsRegistry, printMetrics, silentLogger } from "platform/telemetry";
import { parseGatewayConfig } from "../gateway_config.ts";
import { LogSinks } from "../log_sinks.ts";
import { fakeGateway } from "../testing/fake_gateway.ts";

interface Received {
  readonly url: string;
  readonly method: string | undefined;
  readonly headers: Record<string, string>;
  readonly body: string;
}

function scene(config: string, answer: () => Response = () => new Response(null)) {
  const received: Received[] = [];
  const metrics = new MetricsRegistry();
  const logs = new LogSinks({
    dir: undefined,
    metrics,
    log: silentLogger,
    fetch: (url, init) => {
      const headers = Object.fromEntries(new Headers(init?.headers));
      received.push({ url: String(url), method: init?.method, headers, body: String(init?.body) });
      return Promise.resolve(answer());
    },
  });
  const gateway = fakeGateway({
    logs,
    yaml: `
_format_version: "3.0"
plugins: [{ name: http-log, config: { http_endpoint: "https://logs.example/in"${config} } }]
services:
  - { name: orders, url: https://orders, routes: [{ name: a, paths: [/a], tags: [public] }] }
`,
  });
  return { ...gateway, logs, metrics, received };
}

Deno.test("http-log sends each request as it is, or several together as Kong does", async () => {
  const single = scene(", headers: { X-From: edge }, method: PUT");
  await single.ask("/a");
  await single.ask("/a");
  await single.logs[Symbol.asyncDispose]();
  equal(single.received.length, 2);
  const [{ url, method, headers, body }] = single.received as [Received];
  deepEqual([url, method], ["https://logs.example/in", "PUT"]);
  deepEqual(headers, { "content-type": "application/json", "x-from": "edge" });
  equal(JSON.parse(body).request.uri, "/a");

  const together = scene(", queue: { max_batch_size: 10, max_coalescing_delay: 3600 }");
  for (const path of ["/a", "/b", "/c"]) await together.ask(path);
  await together.logs[Symbol.asyncDispose]();
  equal(together.received.length, 1);
  const uris = JSON.parse(together.received[0]!.body)
    .map((entry: { readonly request: { readonly uri: string } }) => entry.request.uri);
  deepEqual(uris, ["/a", "/b", "/c"]);
});

Deno.test("http-log counts what no server takes, and what it has no room for", async () => {
  const refused = scene("", () => new Response(null, { status: 302, headers: { location: "/" } }));
  await refused.ask("/a");
  await refused.logs[Symbol.asyncDispose]();
  match(printMetrics(refused.metrics, "prometheus"), /dropped_total\{sink="http"\} 1/);
  const full = scene(", queue: { max_entries: 1, max_batch_size: 5, max_coalescing_delay: 3600 }");
  for (let count = 0; count < 3; count++) await full.ask("/a");
  await full.logs[Symbol.asyncDispose]();
  match(printMetrics(full.metrics, "prometheus"), /dropped_total\{sink="http"\} 2/);
  const short = scene(", queue: { max_bytes: 10 }");
  await short.ask("/a");
  await short.logs[Symbol.asyncDispose]();
  equal(short.received.length, 0);
});

Deno.test("http-log refuses servers without TLS, and what it cannot do", () => {
  const faultOf = (config: string) => {
    const plugin = `{ name: http-log, config: { ${config} } }`;
    try {
      parseGatewayConfig(`_format_version: "3.0"\nplugins: [${plugin}]\n`, "g.yaml");
    } catch (thrown) {
      return (thrown as Error).message.split("\n")[1]?.split("plugins[0].config.")[1];
    }
    return undefined;
  };
  const at = "http_endpoint: 'https://logs.example'";
  const noUrl = "http_endpoint: must be a URL of https, without credentials";
  deepEqual([
    faultOf(at),
    faultOf("http_endpoint: 'http://logs.example'"),
    faultOf("http_endpoint: 'https://me:secret@logs.example'"),
    faultOf(`${at}, queue: { concurrency_limit: -1 }`),
    faultOf(`${at}, queue_size: 5`),
    faultOf(`${at}, headers: { Host: elsewhere }`),
    faultOf(`${at}, headers: { x: "a\\r\\nb: c" }`),
    faultOf(`${at}, custom_fields_by_lua: { a: return 1 }`),
  ], [
    undefined,
    noUrl,
    noUrl,
    "queue.concurrency_limit: expected one of: 1",
    "queue_size: value must be null: use `queue`",
    "headers: cannot contain: Host, Content-Length, Content-Type",
    "headers.x: not a header's value",
    "custom_fields_by_lua: value must be null: nothing here runs Lua",
  ]);
});
