import {
  Gauge,
  Histogram,
  type HistogramOptions,
  type Metric,
  type MetricKind,
  type MetricOptions,
  MetricsRegistry,
  type Series,
} from "./metrics.ts";

/** What one metric stood at, as plain data: it can be sent to another thread. */
export interface MetricSnapshot {
  readonly kind: MetricKind;
  /** Of a histogram, with its `buckets`. */
  readonly options: MetricOptions<string>;
  readonly series: readonly {
    /** Of the labels, in their order. */
    readonly values: readonly string[];
    readonly stood: number | Pick<Histogram, "counts" | "sum">;
  }[];
}

export function snapshotOf(registry: MetricsRegistry): MetricSnapshot[] {
  return [...registry.all()].map((metric) => ({
    kind: metric.kind,
    options: metric.options,
    series: [...metric.all()].map(({ values, one }) => ({ values, stood: stoodOf(one) })),
  }));
}

/** All of these as one: series with the same name and labels are added up, gauges too. */
export function sumOf(snapshots: readonly (readonly MetricSnapshot[])[]): MetricsRegistry {
  const sum = new MetricsRegistry();
  for (const snapshot of snapshots.flat()) add(sum, snapshot);
  return sum;
}

function stoodOf(one: Series): number | Pick<Histogram, "counts" | "sum"> {
  return one instanceof Histogram ? { counts: one.counts, sum: one.sum } : one.value;
}

function add(sum: MetricsRegistry, { kind, options, series }: MetricSnapshot): void {
  // Each part has kept to its own bound: together they may be some more.
  const roomy = { ...options, seriesMax: Infinity };
  const metric = define(sum, kind, roomy);
  for (const { values, stood } of series) {
    const labels = Object.fromEntries(options.labels.map((label, at) => [label, values[at]!]));
    addTo(metric.series(labels), stood);
  }
}

function define(sum: MetricsRegistry, kind: MetricKind, options: MetricOptions<string>): Metric {
  switch (kind) {
    case "counter":
      return sum.counter(options) as unknown as Metric;
    case "gauge":
      return sum.gauge(options) as unknown as Metric;
    case "histogram":
      return sum.histogram(options as HistogramOptions<string>) as unknown as Metric;
  }
}

function addTo(one: Series, stood: MetricSnapshot["series"][number]["stood"]): void {
  if (one instanceof Histogram) one.add(stood as Pick<Histogram, "counts" | "sum">);
  else if (one instanceof Gauge) one.value += stood as number;
  else one.add(stood as number);
}
