import { Problem, problemTypes } from "platform/problem";
import { ageSeconds, requestDirectives } from "../cache_directives.ts";
import type { Exchange } from "../exchange.ts";
import { definePlugin, type PluginTools } from "../plugin.ts";
import type { AnswerCache, KeptAnswer } from "../ports.ts";
import { wholeBytesMax } from "../response_body.ts";
import { cacheKey, isVariant, variantOf } from "./cache_key.ts";
import { collected, FillingBudget } from "./collected_body.ts";
import { freshMsOf, isCacheableRequest, isFresh, responseOf } from "./kept_answers.ts";
import { ProxyCacheConfig, tell } from "./proxy_cache_config.ts";

/** Larger answers pass without being kept. */
export const keptBodyBytesMax = 1_048_576;
/** Of answers that are on their way, each use of the plugin holds so much at one time. */
export const fillingBytesMax = 16 * 1024 ** 2;

/** Said of a connection or a moment, or anew each time. */
const notKept = new Set(["age", "content-length"]);

/**
 * Plugin `proxy-cache`: answers are kept and given to the same caller who asks the same again. Nobody is ever given what
 * was answered to another: see {@linkcode cacheKey}. Of the variants that an answer's `Vary` makes, the newest is
 * kept; those of `vary_headers` have places of their own. A change of a resource takes no answer away: how
 * long one may be out of date is for `cache_ttl`, or the service's `Cache-Control`, to say.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9111 | RFC 9111, HTTP caching}
 */
export const proxyCache = definePlugin({
  name: "proxy-cache",
  config: ProxyCacheConfig,
  create(config, { cache: { [config.strategy]: cache }, now, place }) {
    const filling = new WeakMap<Exchange, string>();
    const keeper = { config, cache, now, budget: new FillingBudget(fillingBytesMax) };
    return {
      async access(exchange) {
        const { request } = exchange;
        const asked = requestDirectives(request.headers);
        if (!isCacheableRequest(request, asked, config)) {
          return tell(exchange, config, { status: "Bypass" });
        }
        const key = cacheKey(exchange, config, place);
        const looking = cache.look(key);
        const found = looking instanceof Promise ? await looking : looking;
        const kept = found && isVariant(request, found.variant) ? found : undefined;
        const ageMs = kept ? Math.max(0, now().getTime() - kept.atMs) : 0;
        if (kept && isFresh(kept, ageMs, { asked, config })) {
          tell(exchange, config, { status: "Hit", key, ageSeconds: Math.floor(ageMs / 1000) });
          exchange.isCopy = true;
          return responseOf(kept, request);
        }
        if (config.cache_control && asked.has("only-if-cached")) {
          throw new Problem(problemTypes.gatewayTimeout);
        }
        tell(exchange, config, { status: kept ? "Refresh" : "Miss", key });
        filling.set(exchange, key);
      },
      async response(exchange, response) {
        const key = filling.get(exchange);
        // The answer to a HEAD has no body to keep.
        if (key === undefined || exchange.request.method === "HEAD") return response;
        return await keep(exchange, response, { ...keeper, key });
      },
    };
  },
});

interface Keeper extends Pick<PluginTools, "now"> {
  readonly config: ProxyCacheConfig;
  readonly cache: AnswerCache;
  readonly budget: FillingBudget;
  readonly key: string;
}

/** The answer again, of which a copy is kept once it has come whole. */
async function keep(
  exchange: Exchange,
  response: Response,
  { config, cache, now, budget, key }: Keeper,
): Promise<Response> {
  const { status, headers } = response;
  const nowMs = now().getTime();
  const freshMs = freshMsOf(response, config, nowMs);
  if (freshMs === undefined) {
    tell(exchange, config, { status: "Bypass" });
    return response;
  }
  const onWhole = (body: Uint8Array<ArrayBuffer>) => {
    const answer: KeptAnswer = {
      status,
      headers: [...headers].filter(([name]) => !notKept.has(name)),
      body,
      atMs: nowMs - (config.cache_control ? ageSeconds(headers) * 1000 : 0),
      freshMs,
      variant: variantOf(exchange.request, headers.get("vary")),
    };
    // Nobody waits for it.
    void cache.keep(key, answer, config.storage_ttl === null ? freshMs : config.storage_ttl * 1000);
  };
  const length = headers.get("content-length");
  if (!response.body || length !== null && Number(length) <= wholeBytesMax) {
    const bytes = new Uint8Array(await response.arrayBuffer());
    onWhole(bytes);
    return new Response(response.body && bytes, { status, headers });
  }
  const body = collected(response.body as ReadableStream<Uint8Array<ArrayBuffer>>, {
    bytesMax: keptBodyBytesMax,
    budget,
    onWhole: (whole) => {
      if (length === null || Number(length) === whole.byteLength) onWhole(whole);
    },
  });
  return new Response(body, { status, headers });
}
