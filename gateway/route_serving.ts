import { Problem } from "platform/problem";
import type { Logger } from "platform/telemetry";
import type { Service } from "./entities/mod.ts";
import type { Exchange } from "./exchange.ts";
import { type GatewayConfig, isPublic, trustOf } from "./gateway_config.ts";
import { allowed, endsHere } from "./max_forwards.ts";
import { type PluginChain, routeChain, type Tools } from "./plugin_chain.ts";
import { gatewayProblems } from "./problems.ts";
import type { RouteEntry } from "./route_table.ts";
import { serve } from "./serving.ts";
import type { Door, Upstream } from "./upstream.ts";
import { asksForWebSocket, checkOrigin, type WebSockets } from "./web_socket/mod.ts";

/** Answers a request that fits an entry by `matched`, a part of its path. Never throws. */
export type RouteServing = (exchange: Exchange, matched: string) => Promise<Response>;

export interface RouteServingOptions {
  readonly chain: PluginChain;
  /** Undefined when the route has no service: then a plugin must answer. */
  readonly upstream: Upstream | undefined;
  readonly door: Door | undefined;
  readonly edge: URL;
  readonly log: Logger;
}

export function routeServing(
  { config, path, methods }: RouteEntry,
  { chain, upstream, door, edge, log }: RouteServingOptions,
): RouteServing {
  const { route, plugins } = config;
  const isIdempotent = route.tags?.includes("idempotent") ?? false;
  return (exchange, matched) => {
    exchange.matched = config;
    exchange.matchedPath = path;
    const strip = route.strip_path ? matched : "";
    const rules = { preserveHost: route.preserve_host, strip, isIdempotent };
    const answer = () => {
      if (!upstream) throw new Problem(gatewayProblems.noService);
      if (door && asksForWebSocket(exchange.request)) {
        checkOrigin(exchange, { plugins, edge });
        return upstream.upgrade(exchange, rules, door);
      }
      return endsHere(exchange.request) ? allowed(methods) : upstream.forward(exchange, rules);
    };
    return serve(exchange, { chain, answer, log });
  };
}

/** Where WebSockets to a service go through; undefined when there are none. */
export function doorOf(
  service: Service,
  { webSockets, config, now }: {
    readonly webSockets?: WebSockets;
    readonly config: GatewayConfig;
    readonly now: () => Date;
  },
): Door | undefined {
  if (!webSockets) return undefined;
  return { webSockets, connect: webSockets.connectFor(trustOf(service, config.state)), now };
}

export function chainOf({ config: { route, plugins } }: RouteEntry, tools: Tools): PluginChain {
  return routeChain(plugins, { isPublic: isPublic(route), tools });
}
