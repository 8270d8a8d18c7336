import { z } from "zod";
import { HeaderName, optional } from "../entities/fields.ts";
import { definePlugin } from "../plugin.ts";
import { isOriginPattern, isPlainOrigin, originTest } from "./origin_pattern.ts";

const Origin = z.string().refine(
  (origin) => origin === "*" || isPlainOrigin(origin) || isOriginPattern(origin),
  'Not an origin such as "https://example.com"',
);

const methods = [
  "GET",
  "HEAD",
  "PUT",
  "PATCH",
  "POST",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
] as const;

const grants = [
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-allow-private-network",
  "access-control-expose-headers",
  "access-control-max-age",
];

const Config = z.strictObject({
  /** Origins, expressions that fit an origin whole, or `*` for all; all when null. */
  origins: optional(z.array(Origin).min(1)),
  methods: z.array(z.enum(methods)).min(1).default([...methods]),
  /** Those that the preflight asks for when null. */
  headers: optional(z.array(HeaderName)),
  exposed_headers: optional(z.array(HeaderName)),
  credentials: z.boolean().default(false),
  max_age: optional(z.int().min(0).max(86_400)),
  preflight_continue: z.literal(false).default(false),
  private_network: z.boolean().default(false),
}).refine(({ origins, credentials }) => !credentials || origins && !origins.includes("*"), {
  path: ["credentials"],
  message: "Credentials cannot be granted to every origin",
});

/**
 * Plugin `cors`: scripts of the named origins may read answers; preflights end here.
 * Whatever a service says on the subject is dropped.
 *
 * @see {@link https://fetch.spec.whatwg.org/#http-cors-protocol | Fetch, CORS protocol}
 */
export const cors = definePlugin({
  name: "cors",
  runsWithoutRoute: true,
  config: Config,
  create(config) {
    const origins = config.origins ?? ["*"];
    const isForAll = origins.includes("*");
    const isNamed = originTest(origins);
    return {
      access({ request, isPathKnown }) {
        return isPathKnown && isPreflight(request)
          ? new Response(null, { status: 204 })
          : undefined;
      },
      headerFilter({ request }, headers) {
        for (const name of grants) headers.delete(name);
        headers.append("vary", "Origin");
        const origin = request.headers.get("origin");
        if (origin === null || !(isForAll || isNamed(origin))) return;
        headers.set("access-control-allow-origin", isForAll ? "*" : origin);
        if (config.credentials) headers.set("access-control-allow-credentials", "true");
        if (isPreflight(request)) {
          grantPreflight(request, headers, config);
        } else if (config.exposed_headers?.length) {
          headers.set("access-control-expose-headers", config.exposed_headers.join(", "));
        }
      },
    };
  },
});

function grantPreflight(
  { headers: asked }: Request,
  headers: Headers,
  { methods, headers: names, max_age: maxAge, private_network: opensNetwork }: z.output<
    typeof Config
  >,
): void {
  headers.set("access-control-allow-methods", methods.join(", "));
  const wanted = names?.join(", ") ?? asked.get("access-control-request-headers");
  if (wanted !== null) headers.set("access-control-allow-headers", wanted);
  if (maxAge !== null) headers.set("access-control-max-age", String(maxAge));
  if (opensNetwork && asked.get("access-control-request-private-network") === "true") {
    headers.set("access-control-allow-private-network", "true");
  }
}

/** A browser's question whether a script may send a request that is still to come. */
export function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("origin") &&
    headers.has("access-control-request-method");
}
