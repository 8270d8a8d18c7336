import type { Counter, Histogram, Metric, MetricsRegistry } from "platform/telemetry";
import { methods } from "./entities/route.ts";
import type { Exchange } from "./exchange.ts";

/** Kong's bounds. */
const latencyBucketsMs = [1, 2, 5, 7, 10, 15, 20, 30, 50, 75, 100, 200, 500, 750, 1000, 3000, 6000];
const upstreamBucketsMs = [
  25,
  50,
  80,
  100,
  250,
  400,
  700,
  1000,
  2000,
  5000,
  10_000,
  30_000,
  60_000,
];
const durationBucketsSeconds = [
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
];

const perRoute = ["service", "route", "workspace"] as const;
/** Kong counts by workspace; there is one. */
const workspace = "default";

/** What the gateway counts of requests. */
export class GatewayMetrics {
  readonly duration: Metric<Histogram, "service" | "method" | "route" | "status">;
  readonly requests: Metric<
    Counter,
    "service" | "route" | "code" | "source" | "workspace" | "consumer"
  >;
  readonly bytes: Metric<Counter, "service" | "route" | "direction" | "workspace" | "consumer">;
  readonly latency: Readonly<
    Record<"request" | "kong" | "upstream", Metric<Histogram, typeof perRoute[number]>>
  >;

  constructor(registry: MetricsRegistry) {
    this.duration = registry.histogram({
      name: "http_server_request_duration_seconds",
      help: "From the first byte of a request to the head of its answer",
      labels: ["service", "method", "route", "status"],
      buckets: durationBucketsSeconds,
    });
    this.requests = registry.counter({
      name: "kong_http_requests_total",
      help: "HTTP status codes per consumer/service/route in Kong",
      labels: ["service", "route", "code", "source", "workspace", "consumer"],
    });
    this.bytes = registry.counter({
      name: "kong_bandwidth_bytes",
      help: "Total bandwidth (ingress/egress) throughput in bytes",
      labels: ["service", "route", "direction", "workspace", "consumer"],
    });
    const latency = (name: string, help: string, buckets: readonly number[]) =>
      registry.histogram({ name, help, labels: perRoute, buckets });
    this.latency = {
      request: latency(
        "kong_request_latency_ms",
        "Total latency incurred during requests for each service/route in Kong",
        upstreamBucketsMs,
      ),
      kong: latency(
        "kong_kong_latency_ms",
        "Latency added by Kong and enabled plugins for each service/route in Kong",
        latencyBucketsMs,
      ),
      upstream: latency(
        "kong_upstream_latency_ms",
        "Latency added by upstream response for each service/route in Kong",
        upstreamBucketsMs,
      ),
    };
  }
}

export interface Latencies {
  readonly tookMs: number;
  readonly upstreamMs: number;
}

/** The series of one route, each looked up once. */
export class RouteSeries {
  readonly #metrics: GatewayMetrics;
  readonly #names: { readonly service: string; readonly route: string };
  readonly #durations = new Map<string, Map<number, Histogram>>();
  readonly #requests = new Map<string, Map<number, Counter>>();
  readonly #bytes = new Map<string, { readonly ingress: Counter; readonly egress: Counter }>();
  #latencies: Record<keyof GatewayMetrics["latency"], Histogram> | undefined;

  constructor(
    metrics: GatewayMetrics,
    names: { readonly service: string; readonly route: string },
  ) {
    this.#metrics = metrics;
    this.#names = names;
  }

  duration(given: string, status: number): Histogram {
    // Anyone may make methods up.
    const method = isKnownMethod(given) ? given : "other";
    return lookUp(
      this.#durations,
      method,
      status,
      () => this.#metrics.duration.series({ ...this.#names, method, status: String(status) }),
    );
  }

  requests(
    { status, source, consumer }: {
      readonly status: number;
      readonly source: "service" | "kong";
      readonly consumer: string;
    },
  ): Counter {
    return lookUp(
      this.#requests,
      `${source} ${consumer}`,
      status,
      () =>
        this.#metrics.requests.series({
          ...this.#names,
          code: String(status),
          source,
          workspace,
          consumer,
        }),
    );
  }

  bytes(consumer: string): { readonly ingress: Counter; readonly egress: Counter } {
    const known = this.#bytes.get(consumer);
    if (known) return known;
    const made = (direction: string) =>
      this.#metrics.bytes.series({ ...this.#names, direction, workspace, consumer });
    const both = { ingress: made("ingress"), egress: made("egress") };
    this.#bytes.set(consumer, both);
    return both;
  }

  /** Of a request that no service was asked for, the service's part is left out. */
  observeLatencies({ tookMs, upstreamMs }: Latencies): void {
    const labels = { ...this.#names, workspace };
    const { request, kong, upstream } = this.#metrics.latency;
    const latencies = this.#latencies ??= {
      request: request.series(labels),
      kong: kong.series(labels),
      upstream: upstream.series(labels),
    };
    latencies.request.observe(tookMs);
    latencies.kong.observe(Math.max(0, tookMs - upstreamMs));
    if (upstreamMs > 0) latencies.upstream.observe(upstreamMs);
  }
}

/** The series of the routes that one plugin sees: mostly one. */
export class SeriesCache {
  readonly #metrics: GatewayMetrics;
  readonly #byRoute = new Map<string, RouteSeries>();

  constructor(metrics: GatewayMetrics) {
    this.#metrics = metrics;
  }

  of({ matched }: Exchange): RouteSeries {
    const id = matched?.route.id ?? "";
    const known = this.#byRoute.get(id);
    if (known) return known;
    const service = matched?.service;
    const series = new RouteSeries(this.#metrics, {
      service: service ? service.name ?? service.host : "",
      route: matched ? matched.route.name ?? matched.route.id : "",
    });
    this.#byRoute.set(id, series);
    return series;
  }
}

function isKnownMethod(method: string): boolean {
  return methods.some((known) => known === method);
}

function lookUp<One>(
  all: Map<string, Map<number, One>>,
  key: string,
  status: number,
  make: () => One,
): One {
  const known = all.get(key) ?? new Map<number, One>();
  const one = known.get(status) ?? make();
  all.set(key, known.set(status, one));
  return one;
}
