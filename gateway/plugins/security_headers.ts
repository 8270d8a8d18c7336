import { z } from "zod";
import { definePlugin } from "../plugin.ts";

/** Set whatever the service says. */
const always = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/** Right for JSON; a service that serves pages says better. */
const unlessGiven = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-frame-options": "DENY",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/**
 * Plugin `security-headers`: answers tell browsers to be careful. Kong has no plugin of the kind.
 *
 * @see {@link https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html | OWASP, HTTP headers}
 */
export const securityHeaders = definePlugin({
  name: "security-headers",
  runsWithoutRoute: true,
  config: z.strictObject({
    /** 0 leaves `Strict-Transport-Security` out. */
    hsts_max_age_seconds: z.int().min(0).default(31_536_000),
  }),
  create({ hsts_max_age_seconds: maxAgeSeconds }, { edge }) {
    // For localhost a browser would refuse plain HTTP to every other program of the developer's, too.
    const hsts = maxAgeSeconds > 0 && edge.hostname !== "localhost"
      ? `max-age=${maxAgeSeconds}; includeSubDomains`
      : undefined;
    return {
      headerFilter(_exchange, headers) {
        for (const [name, value] of Object.entries(always)) headers.set(name, value);
        for (const [name, value] of Object.entries(unlessGiven)) {
          if (!headers.has(name)) headers.set(name, value);
        }
        if (hsts) headers.set("strict-transport-security", hsts);
      },
    };
  },
});
