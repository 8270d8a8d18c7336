import { z } from "zod";
import { optional } from "../entities/fields.ts";
import { definePlugin } from "../plugin.ts";
import { HeaderText } from "./header_fields.ts";

/** Set whatever the service says. */
const always: readonly (readonly [string, string])[] = [
  ["x-content-type-options", "nosniff"],
  ["referrer-policy", "no-referrer"],
];

/**
 * Plugin `security-headers`: answers tell browsers to be careful. Kong has no plugin of the kind.
 * The defaults are right for JSON; a service that serves pages says better, and is then left alone.
 *
 * @see {@link https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html | OWASP, HTTP headers}
 */
export const securityHeaders = definePlugin({
  name: "security-headers",
  runsWithoutRoute: true,
  config: z.strictObject({
    /** 0 leaves `Strict-Transport-Security` out. */
    hsts_max_age_seconds: z.int().min(0).default(31_536_000),
    csp: HeaderText.default("default-src 'none'; frame-ancestors 'none'"),
    frame_options: z.enum(["DENY", "SAMEORIGIN"]).default("DENY"),
    /** Left out when null. */
    permissions_policy: optional(HeaderText),
  }),
  create({ hsts_max_age_seconds: maxAgeSeconds, ...config }, { edge }) {
    // For localhost a browser would refuse plain HTTP to every other program of the developer's, too.
    const hsts = maxAgeSeconds > 0 && edge.hostname !== "localhost"
      ? `max-age=${maxAgeSeconds}; includeSubDomains`
      : undefined;
    const unlessGiven: [string, string][] = [
      ["content-security-policy", config.csp],
      ["x-frame-options", config.frame_options],
      ["cross-origin-resource-policy", "same-origin"],
      ["cache-control", "no-store"],
    ];
    if (config.permissions_policy !== null) {
      unlessGiven.push(["permissions-policy", config.permissions_policy]);
    }
    return {
      headerFilter(_exchange, headers) {
        for (const [name, value] of always) headers.set(name, value);
        for (const [name, value] of unlessGiven) if (!headers.has(name)) headers.set(name, value);
        if (hsts) headers.set("strict-transport-security", hsts);
      },
    };
  },
});
