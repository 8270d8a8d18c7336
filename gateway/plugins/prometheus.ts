import { z } from "zod";
import { countedBody } from "../counted_body.ts";
import type { Exchange } from "../exchange.ts";
import { GatewayMetrics, SeriesCache } from "../gateway_metrics.ts";
import { definePlugin } from "../plugin.ts";

/**
 * Plugin `prometheus`: counts requests, how long they take and what they carry. Always by service, route,
 * method and status; with the switches, Kong's own metrics as well.
 */
export const prometheus = definePlugin({
  name: "prometheus",
  runsWithoutRoute: true,
  config: z.strictObject({
    /** Whether Kong's metrics of requests and bytes say which consumer they are about. */
    per_consumer: z.boolean().default(false),
    status_code_metrics: z.boolean().default(false),
    latency_metrics: z.boolean().default(false),
    /** Bytes of bodies that services and clients send each other, requests by their announced length. */
    bandwidth_metrics: z.boolean().default(false),
    /** Not told here. */
    upstream_health_metrics: z.literal(false).default(false),
    ai_metrics: z.literal(false).default(false),
    wasm_metrics: z.literal(false).default(false),
  }),
  create(config, { metrics: registry }) {
    const metrics = new GatewayMetrics(registry);
    const cache = new SeriesCache(metrics);
    const consumerOf = ({ consumer }: Exchange) =>
      config.per_consumer ? consumer?.username ?? consumer?.custom_id ?? "" : "";
    return {
      ...config.bandwidth_metrics && {
        response(exchange: Exchange, response: Response) {
          const { egress } = cache.of(exchange).bytes(consumerOf(exchange));
          return countedBody(response, (bytes) => egress.add(bytes));
        },
      },
      log(exchange, { status, tookMs, upstreamMs }) {
        const series = cache.of(exchange);
        series.duration(exchange.request.method, status).observe(tookMs / 1000);
        // Kong's tell of requests to services.
        if (!exchange.matched?.service) return;
        if (config.status_code_metrics) {
          const source = upstreamMs > 0 ? "service" : "kong";
          series.requests({ status, source, consumer: consumerOf(exchange) }).add();
        }
        if (config.latency_metrics) series.observeLatencies({ tookMs, upstreamMs });
        if (config.bandwidth_metrics) {
          const announced = Number(exchange.request.headers.get("content-length") ?? 0);
          series.bytes(consumerOf(exchange)).ingress.add(announced > 0 ? announced : 0);
        }
      },
    };
  },
});
