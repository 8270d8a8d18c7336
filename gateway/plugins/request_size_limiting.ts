import { z } from "zod";
import { Problem, problemTypes } from "platform/problem";
import { definePlugin } from "../plugin.ts";
import { gatewayProblems } from "../problems.ts";

const unitBytes = { bytes: 1, kilobytes: 1024, megabytes: 1024 ** 2 } as const;

/**
 * Plugin `request-size-limiting`: refuses a larger body, at once when its length is announced,
 * and else as soon as more has arrived. With `require_content_length` a body of a length that is not
 * announced is refused; unlike in Kong, a request without a body need not say so.
 */
export const requestSizeLimiting = definePlugin({
  name: "request-size-limiting",
  config: z.strictObject({
    allowed_payload_size: z.int().positive().default(128),
    size_unit: z.enum(["bytes", "kilobytes", "megabytes"]).default("megabytes"),
    require_content_length: z.boolean().default(false),
  }),
  create({ allowed_payload_size: size, size_unit: unit, require_content_length: isDemanded }) {
    const bytesMax = size * unitBytes[unit];
    return {
      access(exchange) {
        const { headers, body } = exchange.request;
        const length = headers.get("content-length");
        if (isDemanded && length === null && body) {
          throw new Problem(gatewayProblems.lengthRequired);
        }
        if (Number(length ?? 0) > bytesMax) throw new Problem(problemTypes.contentTooLarge);
        exchange.bodyBytesMax = bytesMax;
      },
    };
  },
});
