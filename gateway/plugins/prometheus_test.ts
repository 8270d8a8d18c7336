import { deepEqual, equal, match } from "node:assert/strict";
import { MetricsRegistry, printMetrics } from "platform/telemetry";
import { fakeGateway, type Sent } from "../testing/fake_gateway.ts";

function scene(config = "{}", service?: (sent: Sent) => Response) {
  const metrics = new MetricsRegistry();
  const gateway = fakeGateway({
    metrics,
    ...service && { service },
    yaml: `
_format_version: "3.0"
consumers: [{ username: partner, keyauth_credentials: [{ key: key-of-partner }] }]
plugins: [{ name: prometheus, config: ${config} }]
services:
  - name: orders
    url: https://orders
    routes:
      - { name: open, paths: [/open], tags: [public] }
      - { name: own, paths: [/own] }
      - { name: keyed, paths: [/keyed], tags: [public], plugins: [{ name: key-auth }] }
`,
  });
  const samples = (name: string) =>
    printMetrics(metrics, "prometheus").split("\n").filter((line) =>
      line.startsWith(`${name}{`) || line.startsWith(`${name} `)
    );
  return { ...gateway, metrics, samples };
}

Deno.test("prometheus counts every request by service, method, route and status, refusals too", async () => {
  const { ask, samples } = scene();
  await ask("/open");
  await ask("/open", { method: "POST" });
  await ask("/open");
  await ask("/own");
  await ask("/nowhere", { method: "PATCH" });
  await ask("/nowhere", { method: "BREW" });
  deepEqual(samples("http_server_request_duration_seconds_count"), [
    'http_server_request_duration_seconds_count{service="orders",method="GET",route="open",status="200"} 2',
    'http_server_request_duration_seconds_count{service="orders",method="POST",route="open",status="200"} 1',
    'http_server_request_duration_seconds_count{service="orders",method="GET",route="own",status="401"} 1',
    'http_server_request_duration_seconds_count{service="",method="PATCH",route="",status="404"} 1',
    'http_server_request_duration_seconds_count{service="",method="other",route="",status="404"} 1',
  ]);
  deepEqual(samples("kong_http_requests_total"), []);
  deepEqual(samples("kong_bandwidth_bytes"), []);
  deepEqual(samples("kong_request_latency_ms_count"), []);
});

Deno.test("prometheus counts as Kong does what it is told to, by consumer when it is told to", async () => {
  const { ask, samples } = scene(
    "{ status_code_metrics: true, latency_metrics: true, per_consumer: true }",
  );
  await ask("/keyed", { headers: { apikey: "key-of-partner" } });
  await ask("/keyed");
  await ask("/nowhere");
  deepEqual(samples("kong_http_requests_total"), [
    'kong_http_requests_total{service="orders",route="keyed",code="200",source="service",workspace="default",consumer="partner"} 1',
    'kong_http_requests_total{service="orders",route="keyed",code="401",source="kong",workspace="default",consumer=""} 1',
  ]);
  const labels = '{service="orders",route="keyed",workspace="default"}';
  deepEqual(samples("kong_request_latency_ms_count"), [`kong_request_latency_ms_count${labels} 2`]);
  deepEqual(samples("kong_kong_latency_ms_count"), [`kong_kong_latency_ms_count${labels} 2`]);
  deepEqual(samples("kong_upstream_latency_ms_count"), [
    `kong_upstream_latency_ms_count${labels} 1`,
  ]);
});

Deno.test("prometheus counts the bytes that go in and out, of announced and of unknown length", async () => {
  const { ask, samples } = scene("{ bandwidth_metrics: true }", ({ url }) => {
    const streamed = new ReadableStream({
      start(controller) {
        for (const piece of ["abc", "de"]) controller.enqueue(new TextEncoder().encode(piece));
        controller.close();
      },
    });
    return url.endsWith("?whole")
      ? new Response("12345678", { headers: { "content-length": "8" } })
      : new Response(streamed);
  });
  const headers = { "content-length": "4" };
  equal(
    await (await ask("/open?whole", { method: "POST", body: "four", headers })).text(),
    "12345678",
  );
  equal(await (await ask("/open")).text(), "abcde");
  const of = (direction: string) =>
    `kong_bandwidth_bytes{service="orders",route="open",direction="${direction}",workspace="default",consumer=""}`;
  deepEqual(samples("kong_bandwidth_bytes"), [`${of("ingress")} 4`, `${of("egress")} 13`]);
});

Deno.test("prometheus goes on counting where the configuration before it stopped", async () => {
  const first = scene();
  await first.ask("/open");
  const second = fakeGateway({
    metrics: first.metrics,
    yaml: `
_format_version: "3.0"
plugins: [{ name: prometheus, config: { status_code_metrics: true } }]
services:
  - name: orders
    url: https://orders
    routes: [{ name: open, paths: [/open], tags: [public] }]
`,
  });
  await second.ask("/open");
  match(first.samples("http_server_request_duration_seconds_count")[0]!, / 2$/);
});
