import { deepEqual, equal, throws } from "node:assert/strict";
import { MetricsRegistry } from "./metrics.ts";
import { metricsHandler, printMetrics } from "./metrics_text.ts";

function aRegistry(): MetricsRegistry {
  const registry = new MetricsRegistry();
  const asked = registry.counter({ name: "asked_total", help: 'How "often"\n', labels: ["path"] });
  asked.series({ path: 'a\\b"c\nd' }).add();
  asked.series({ path: 'a\\b"c\nd' }).add(2);
  registry.gauge({ name: "open_connections", help: "Now", labels: [] }).series({}).value = 7;
  const took = registry.histogram({
    name: "took_seconds",
    help: "Time",
    labels: [],
    buckets: [0.5, 1],
  })
    .series({});
  for (const seconds of [0.5, 0.75, 3]) took.observe(seconds);
  return registry;
}

Deno.test("metrics are printed in Prometheus' text, with labels that cannot break out", () => {
  deepEqual(printMetrics(aRegistry(), "prometheus").split("\n"), [
    '# HELP asked_total How "often"\\n',
    "# TYPE asked_total counter",
    'asked_total{path="a\\\\b\\"c\\nd"} 3',
    "# HELP open_connections Now",
    "# TYPE open_connections gauge",
    "open_connections 7",
    "# HELP took_seconds Time",
    "# TYPE took_seconds histogram",
    'took_seconds_bucket{le="0.5"} 1',
    'took_seconds_bucket{le="1.0"} 2',
    'took_seconds_bucket{le="+Inf"} 3',
    "took_seconds_sum 4.25",
    "took_seconds_count 3",
    "",
  ]);
});

Deno.test("metrics are printed in OpenMetrics when that is what is rather wanted", async () => {
  const handler = metricsHandler(aRegistry());
  const typeFor = (accept: string) =>
    handler(new Request("https://a.example/metrics", { headers: { accept } }))
      .headers.get("content-type")?.split(";")[0];
  equal(typeFor("*/*"), "text/plain");
  equal(
    typeFor("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2"),
    "application/openmetrics-text",
  );
  equal(typeFor("application/openmetrics-text;q=0.1,text/plain;q=0.2"), "text/plain");
  equal(typeFor("application/openmetrics-text;q=0"), "text/plain");
  const accept = "application/openmetrics-text";
  const text = await handler(new Request("https://a.example/", { headers: { accept } })).text();
  const lines = text.split("\n");
  equal(lines[1], "# TYPE asked counter");
  equal(lines[2], 'asked_total{path="a\\\\b\\"c\\nd"} 3');
  deepEqual(lines.slice(-2), ["# EOF", ""]);
  equal(handler(new Request("https://a.example/", { method: "POST" })).status, 405);
});

Deno.test("a metric has so many series and no more: the rest is counted as one", () => {
  const registry = new MetricsRegistry();
  const asked = registry.counter({ name: "asked_total", help: "", labels: ["by"], seriesMax: 2 });
  for (const by of ["a", "b", "c", "d", "a"]) asked.series({ by }).add();
  const counted = [...asked.all()].map(({ values, one }) => [...values, one.value]);
  deepEqual(counted, [["a", 2], ["b", 1], ["overflow", 2]]);
});

Deno.test("a metric that is asked for again is the same one, and no other may have its name", () => {
  const registry = new MetricsRegistry();
  const options = { name: "asked_total", help: "", labels: ["by"] } as const;
  registry.counter(options).series({ by: "a" }).add();
  registry.counter(options).series({ by: "a" }).add();
  equal(registry.counter(options).series({ by: "a" }).value, 2);
  throws(() => registry.gauge(options), RangeError);
  throws(() => registry.counter({ ...options, labels: ["by", "from"] }), RangeError);
  throws(() => registry.counter({ ...options, name: 'a"b' }), RangeError);
});
