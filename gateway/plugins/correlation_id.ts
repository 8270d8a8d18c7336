import { z } from "zod";
import { definePlugin } from "../plugin.ts";

/** Long enough to be unlike others, and nothing that a log or a header could be broken with. */
const idForm = /^[A-Za-z0-9._-]{8,128}$/;

/**
 * Plugin `correlation-id`: every request has an id, which the service and, with `echo_downstream`, the client are told.
 * A client's own id is kept when it is well formed: it identifies nothing but what they call it.
 */
export const correlationId = definePlugin({
  name: "correlation-id",
  runsWithoutRoute: true,
  config: z.strictObject({
    header_name: z.literal("X-Request-Id"),
    generator: z.literal("uuid"),
    echo_downstream: z.boolean().default(false),
  }),
  create({ echo_downstream: echoes }, { newId }) {
    return {
      access(exchange) {
        const given = exchange.request.headers.get("x-request-id");
        exchange.requestId = given !== null && idForm.test(given) ? given : newId();
        if (echoes) exchange.answerHeaders.push(["x-request-id", exchange.requestId]);
      },
    };
  },
});
