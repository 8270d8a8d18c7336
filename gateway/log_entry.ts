import type { Exchange } from "./exchange.ts";
import type { RouteConfig } from "./gateway_config.ts";
import type { Summary } from "./plugin.ts";

const redacted = "REDACTED";

export interface LogEntriesOptions {
  readonly isSecret: (headerName: string) => boolean;
  readonly now: () => Date;
}

/**
 * Makes entries of Kong's shape, as JSON. Of the query only the names are told, and of headers that hold
 * secrets: codes, tokens and people's data are not for logs.
 *
 * @see {@link https://developer.konghq.com/gateway/logs/ | Kong, log serializer}
 */
export class LogEntries {
  readonly #options: LogEntriesOptions;
  /** What is the same for all requests of a route, printed once. */
  readonly #ofRoute = new WeakMap<RouteConfig, string>();

  constructor(options: LogEntriesOptions) {
    this.#options = options;
  }

  print(exchange: Exchange, summary: Summary): string {
    const { matched, consumer, credential, clientIp, triedOrigins } = exchange;
    const { tookMs, upstreamMs } = summary;
    const own = JSON.stringify({
      workspace_name: "default",
      request: this.#requestOf(exchange),
      response: {
        status: summary.status,
        size: sizeOf(summary.headers),
        headers: this.#headersOf(summary.headers),
      },
      latencies: {
        request: Math.round(tookMs),
        kong: Math.round(Math.max(0, tookMs - upstreamMs)),
        proxy: upstreamMs > 0 ? Math.round(upstreamMs) : -1,
      },
      source: upstreamMs > 0 ? "upstream" : "exit",
      consumer,
      authenticated_entity: credential && { id: credential.id, consumer_id: consumer?.id },
      client_ip: clientIp,
      started_at: Math.round(this.#options.now().getTime() - tookMs),
      tries: triedOrigins.map(tryOf),
    });
    return matched ? `${own.slice(0, -1)},${this.#routeOf(matched)}}` : own;
  }

  #requestOf({ request, requestId, host, target: { path, search } }: Exchange) {
    const names = search === "" ? [] : new URLSearchParams(search).keys();
    return {
      id: requestId,
      method: request.method,
      uri: path,
      url: `https://${host}${path}`,
      size: sizeOf(request.headers),
      querystring: Object.fromEntries([...names].map((name) => [name, redacted])),
      headers: this.#headersOf(request.headers),
    };
  }

  #headersOf(headers: Headers): Record<string, string> {
    const told: Record<string, string> = {};
    for (const [name, value] of headers) {
      told[name] = this.#options.isSecret(name) ? redacted : value;
    }
    return told;
  }

  #routeOf(matched: RouteConfig): string {
    const known = this.#ofRoute.get(matched);
    if (known) return known;
    const { route, service } = matched;
    const printed = JSON.stringify({ route, service }).slice(1, -1);
    this.#ofRoute.set(matched, printed);
    return printed;
  }
}

/** One attempt to ask a service, in Kong's words. */
function tryOf(origin: string): { readonly ip: string; readonly port: number } {
  const { hostname: ip, port } = new URL(origin);
  return { ip, port: Number(port || 443) };
}

/** Of the body, as announced; null when it was not. */
function sizeOf(headers: Headers): number | null {
  const announced = headers.get("content-length");
  return announced === null ? null : Number(announced);
}
