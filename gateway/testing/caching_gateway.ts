import { MemoryAnswerCache } from "../adapters/mod.ts";
import type { FakeGateway, FakeGatewayOptions } from "./fake_gateway.ts";
import { gatewayWith } from "./plugin_scene.ts";

export interface CachingGateway extends FakeGateway {
  /** The answer, and what is told of the cache. */
  get(path: string, headers?: Record<string, string>): Promise<string>;
  /** Lets time pass. */
  pass(ms: number): void;
}

/**
 * A gateway with `proxy-cache` in memory, a clock of its own, and services that answer with a number that is new each time.
 *
 * @param config of the plugin but for its strategy, as in YAML's flow style without the braces.
 */
export function caching(
  config: string,
  answer: ResponseInit = {},
  options: FakeGatewayOptions = {},
): CachingGateway {
  let atMs = Date.parse("2026-01-02T03:04:05.000Z");
  let answers = 0;
  const headers = {
    "content-type": "application/json",
    ...answer.headers as Record<string, string>,
  };
  const memory = new MemoryAnswerCache({ now: () => atMs });
  const gateway = gatewayWith("proxy-cache", `{ strategy: memory, ${config} }`, {
    now: () => new Date(atMs),
    cache: { memory, redis: memory },
    service: () => new Response(String(++answers), { ...answer, headers }),
    ...options,
  });
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await gateway.ask(path, { headers });
    return `${await response.text()} ${response.headers.get("x-cache-status")}`;
  };
  return { ...gateway, get, pass: (ms: number) => void (atMs += ms) };
}
