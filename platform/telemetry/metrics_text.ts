import { Histogram, type Metric, type MetricsRegistry, type Series } from "./metrics.ts";

export type MetricsFormat = "prometheus" | "openmetrics";

const contentTypes: Readonly<Record<MetricsFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Answers GET with everything in `registry`: in OpenMetrics to who would rather have that, else in Prometheus' text. */
export function metricsHandler(registry: MetricsRegistry): (request: Request) => Response {
  return ({ method, headers }) => {
    if (method !== "GET" && method !== "HEAD") {
      return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
    }
    const format = preferredFormat(headers.get("accept") ?? "");
    const body = method === "HEAD" ? null : printMetrics(registry, format);
    return new Response(body, {
      headers: { "content-type": contentTypes[format], "cache-control": "no-store" },
    });
  };
}

/**
 * @see {@link https://prometheus.io/docs/instrumenting/exposition_formats/ | Prometheus, exposition formats}
 * @see {@link https://prometheus.io/docs/specs/om/open_metrics_spec/ | OpenMetrics 1.0}
 */
export function printMetrics(registry: MetricsRegistry, format: MetricsFormat): string {
  const lines: string[] = [];
  for (const metric of registry.all()) printMetric(metric, format, lines);
  if (format === "openmetrics") lines.push("# EOF");
  return lines.map((line) => `${line}\n`).join("");
}

function printMetric(metric: Metric, format: MetricsFormat, lines: string[]): void {
  const { kind, options: { name, help, labels } } = metric;
  const isOpenCounter = format === "openmetrics" && kind === "counter";
  const family = isOpenCounter ? name.replace(/_total$/, "") : name;
  const sample = isOpenCounter ? `${family}_total` : name;
  lines.push(`# HELP ${family} ${helpOf(help, format)}`, `# TYPE ${family} ${kind}`);
  for (const { values, one } of metric.all()) {
    const pairs = labels.map((label, at) => `${label}="${escaped(values[at]!)}"`);
    printSeries(one, { sample, pairs, lines });
  }
}

interface Printing {
  readonly sample: string;
  readonly pairs: readonly string[];
  readonly lines: string[];
}

function printSeries(one: Series, { sample, pairs, lines }: Printing): void {
  if (!(one instanceof Histogram)) {
    lines.push(`${sample}${braced(pairs)} ${one.value}`);
    return;
  }
  let count = 0;
  for (const [at, alone] of one.counts.entries()) {
    count += alone;
    const bound = at < one.buckets.length ? numberOf(one.buckets[at]!) : "+Inf";
    lines.push(`${sample}_bucket${braced([...pairs, `le="${bound}"`])} ${count}`);
  }
  lines.push(
    `${sample}_sum${braced(pairs)} ${one.sum}`,
    `${sample}_count${braced(pairs)} ${count}`,
  );
}

/** As a floating-point number, which OpenMetrics wants bounds to be. */
function numberOf(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function braced(pairs: readonly string[]): string {
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Only OpenMetrics has quotes escaped here, too. */
function helpOf(help: string, format: MetricsFormat): string {
  const text = escaped(help);
  return format === "openmetrics" ? text : text.replaceAll('\\"', '"');
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

/** RFC 9110, section 12.5.1: what is not named is not wanted, and what is named first wins a draw. */
function preferredFormat(accept: string): MetricsFormat {
  const weightOf = (type: string) => {
    const range = accept.split(",").find((range) => range.trim().toLowerCase().startsWith(type));
    return range === undefined ? 0 : Number(/;\s*q=([\d.]+)/i.exec(range)?.[1] ?? 1);
  };
  const open = weightOf("application/openmetrics-text");
  return open > 0 && open >= weightOf("text/plain") ? "openmetrics" : "prometheus";
}
