import { z } from "zod";
import { Problem, problemTypes } from "platform/problem";
import { definePlugin } from "../plugin.ts";

const unitBytes = { bytes: 1, kilobytes: 1024, megabytes: 1024 ** 2 } as const;

/**
 * Plugin `request-size-limiting`: refuses a larger body, at once when its length is announced,
 * and else as soon as more has arrived.
 */
export const requestSizeLimiting = definePlugin({
  name: "request-size-limiting",
  config: z.strictObject({
    allowed_payload_size: z.int().positive().default(128),
    size_unit: z.enum(["bytes", "kilobytes", "megabytes"]).default("megabytes"),
  }),
  create({ allowed_payload_size: size, size_unit: unit }) {
    const bytesMax = size * unitBytes[unit];
    return {
      access(exchange) {
        const announced = Number(exchange.request.headers.get("content-length") ?? 0);
        if (announced > bytesMax) throw new Problem(problemTypes.contentTooLarge);
        exchange.bodyBytesMax = bytesMax;
      },
    };
  },
});
