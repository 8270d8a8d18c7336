import { z } from "zod";
import { definePlugin } from "../plugin.ts";

/**
 * Plugin `jwt`: demands an access token of the platform's issuer, and learns from it who is asking.
 * Every route that is not public has it, named or not.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750 | RFC 6750, bearer tokens}
 */
export const jwt = definePlugin({
  name: "jwt",
  config: z.strictObject({}),
  create(_config, { authenticate }) {
    return {
      async access(exchange) {
        exchange.principal = await authenticate(exchange.request);
      },
    };
  },
});
