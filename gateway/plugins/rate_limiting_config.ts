import { z } from "zod";
import { HeaderName, optional } from "../entities/fields.ts";
import { type Limit, windowTypes, windowUnits } from "../ports.ts";
import { RedisFields } from "./redis_fields.ts";

const RequestsMax = optional(z.int().positive());

const fields = z.strictObject({
  second: RequestsMax,
  minute: RequestsMax,
  hour: RequestsMax,
  day: RequestsMax,
  month: RequestsMax,
  year: RequestsMax,
  /** Who has nothing of the kind named here is counted by address. */
  limit_by: z.enum(["consumer", "credential", "ip", "service", "header", "path"])
    .default("consumer"),
  header_name: optional(HeaderName),
  path: optional(z.string().startsWith("/", "should start with: /")),
  policy: z.enum(["local", "redis"]).default("local"),
  /** Of Kong's form, and `host` is demanded as there; the Redis that is asked is the platform's, by `REDIS_URL`. */
  redis: RedisFields.prefault({}),
  /** Whether requests pass when they cannot be counted; else they are answered with 503. */
  fault_tolerant: z.boolean().default(true),
  hide_client_headers: z.boolean().default(false),
  error_code: z.int().min(400).max(599).default(429),
  error_message: z.string().min(1).default("API rate limit exceeded"),
  /** Each request is counted where it is counted at once. */
  sync_rate: z.literal(-1).default(-1),
  /** Ours: Kong's own windows are `fixed`. */
  window_type: z.enum(windowTypes).default("fixed"),
});

type Fields = z.output<typeof fields>;

export const RateLimitingConfig = fields.superRefine((config, context) => {
  const fault = (path: string[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  const limits = windowUnits.filter((unit) => config[unit] !== null);
  if (limits.length === 0) {
    fault([], `At least one of ${windowUnits.join(", ")} must be limited`);
  }
  const lower = limits.findIndex((unit, index) =>
    index > 0 && isLower(config, unit, limits[index - 1]!)
  );
  if (lower > 0) {
    const [longer, shorter] = [limits[lower]!, limits[lower - 1]!];
    fault([], `The limit for ${longer} cannot be lower than the limit for ${shorter}`);
  }
  if (config.policy === "redis" && config.redis.host === null) {
    fault(["redis", "host"], "required field missing");
  }
  if (config.limit_by === "header" && config.header_name === null) {
    fault(["header_name"], "required field missing");
  }
  if (config.limit_by === "path" && config.path === null) {
    fault(["path"], "required field missing");
  }
});

export type RateLimitingConfig = Fields;

function isLower(config: Fields, longer: Limit["unit"], shorter: Limit["unit"]): boolean {
  return config[longer]! < config[shorter]!;
}

export function limitsOf(config: Fields): Limit[] {
  return windowUnits.flatMap((unit): Limit[] => {
    const requestsMax = config[unit];
    return requestsMax === null ? [] : [{ unit, requestsMax, windowType: config.window_type }];
  });
}
