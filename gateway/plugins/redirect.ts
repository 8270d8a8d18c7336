import { z } from "zod";
import { definePlugin } from "../plugin.ts";

const Location = z.string().refine(isHttpUrl, "expected an absolute URL by http or https");

/**
 * Plugin `redirect`: every request is sent elsewhere. With `keep_incoming_path` the path and the query of the request
 * take the place of the location's own; the path is the one that routes were matched with, so that
 * nobody can be led to a host that the configuration does not name.
 */
export const redirect = definePlugin({
  name: "redirect",
  config: z.strictObject({
    status_code: z.literal([301, 302, 303, 307, 308]).default(301),
    location: Location,
    keep_incoming_path: z.boolean().default(false),
  }),
  create({ status_code: status, location, keep_incoming_path: keepsPath }) {
    return {
      access({ target: { path, search } }) {
        const url = new URL(location);
        if (keepsPath) {
          // By its parts: whatever they hold, they cannot become a host.
          url.pathname = path;
          url.search = search;
        }
        return new Response(null, { status, headers: { location: url.href } });
      },
    };
  },
});

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === "https:" || protocol === "http:") && username + password === "";
}
