import { equal } from "node:assert/strict";
import { MetricsRegistry } from "./metrics.ts";
import { snapshotOf, sumOf } from "./metrics_snapshot.ts";
import { printMetrics } from "./metrics_text.ts";

function aRegistry(of: "one" | "other", by: number): MetricsRegistry {
  const registry = new MetricsRegistry();
  const counted = { name: "answers_total", help: "Answers", labels: ["from"] };
  registry.counter(counted).series({ from: of }).add(by);
  registry.counter(counted).series({ from: "both" }).add(by);
  registry.gauge({ name: "open", help: "Open now", labels: [] }).series({}).value = by;
  registry.histogram({ name: "took_seconds", help: "Took", labels: [], buckets: [1, 5] })
    .series({}).observe(by);
  return registry;
}

Deno.test("snapshots of several registries print as one, with equal series added up", () => {
  const parts = [aRegistry("one", 2), aRegistry("other", 7)].map(snapshotOf);
  equal(
    printMetrics(sumOf(structuredClone(parts)), "prometheus"),
    `# HELP answers_total Answers
# TYPE answers_total counter
answers_total{from="one"} 2
answers_total{from="both"} 9
answers_total{from="other"} 7
# HELP open Open now
# TYPE open gauge
open 9
# HELP took_seconds Took
# TYPE took_seconds histogram
took_seconds_bucket{le="1.0"} 0
took_seconds_bucket{le="5.0"} 1
took_seconds_bucket{le="+Inf"} 2
took_seconds_sum 9
took_seconds_count 2
`,
  );
});

Deno.test("a sum has room for the series of all its parts, though each part was full", () => {
  const parts = ["a", "b"].map((from) => {
    const registry = new MetricsRegistry();
    const full = { name: "answers_total", help: "Answers", labels: ["from"], seriesMax: 1 };
    registry.counter(full).series({ from }).add();
    registry.counter(full).series({ from: "beyond" }).add();
    return snapshotOf(registry);
  });
  const [metric] = sumOf(parts).all();
  const counted = [...metric!.all()].map(({ values }) => values[0]).toSorted();
  equal(counted.join(), "a,b,overflow");
});
