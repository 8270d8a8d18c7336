import { z } from "zod";
import { definePlugin } from "../plugin.ts";

const Origin = z.string().refine(
  (origin) => origin === "*" || (URL.canParse(origin) && new URL(origin).origin === origin),
  'Not an origin such as "https://example.com"',
);

const grants = [
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-expose-headers",
  "access-control-max-age",
];

/**
 * Plugin `cors`: scripts of the named origins may read answers; preflights end here.
 * Whatever a service says on the subject is dropped.
 *
 * @see {@link https://fetch.spec.whatwg.org/#http-cors-protocol | Fetch, CORS protocol}
 */
export const cors = definePlugin({
  name: "cors",
  runsWithoutRoute: true,
  config: z.strictObject({
    /** Exact origins, or `*` for all. */
    origins: z.array(Origin).min(1),
    methods: z.array(z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])).min(1)
      .default(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
    headers: z.array(z.string().regex(/^[A-Za-z0-9-]+$/)).default([]),
    exposed_headers: z.array(z.string().regex(/^[A-Za-z0-9-]+$/)).default([]),
    credentials: z.boolean().default(false),
    max_age: z.int().min(0).max(86_400).default(600),
  }).refine(({ origins, credentials }) => !(credentials && origins.includes("*")), {
    path: ["credentials"],
    message: "Credentials cannot be granted to every origin",
  }),
  create(config) {
    const origins = new Set(config.origins);
    const grant = (origin: string, headers: Headers) => {
      headers.set("access-control-allow-origin", origins.has("*") ? "*" : origin);
      if (config.credentials) headers.set("access-control-allow-credentials", "true");
    };
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
        if (origin === null || !(origins.has("*") || origins.has(origin))) return;
        grant(origin, headers);
        if (isPreflight(request)) {
          headers.set("access-control-allow-methods", config.methods.join(", "));
          headers.set("access-control-allow-headers", config.headers.join(", "));
          headers.set("access-control-max-age", String(config.max_age));
        } else if (config.exposed_headers.length > 0) {
          headers.set("access-control-expose-headers", config.exposed_headers.join(", "));
        }
      },
    };
  },
});

/** A browser's question whether a script may send a request that is still to come. */
export function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("origin") &&
    headers.has("access-control-request-method");
}
