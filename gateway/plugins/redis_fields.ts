import { z } from "zod";
import { Host, optional, Port } from "../entities/fields.ts";

/** Kong's record of a Redis, with its defaults. */
export const RedisFields = z.strictObject({
  host: optional(Host),
  port: Port.default(6379),
  timeout: z.int().min(0).max(2_147_483_646).default(2000),
  username: optional(z.string()),
  password: optional(z.string()),
  database: z.int().min(0).default(0),
  ssl: z.boolean().default(false),
  ssl_verify: z.boolean().default(false),
  server_name: optional(Host),
});

const shorthand =
  /^redis_(?=(?:host|port|timeout|username|password|database|ssl|ssl_verify|server_name)$)/;

/** Moves what older configurations call `redis_host` and so on to `redis.host`, where that says nothing itself. */
export function withoutRedisShorthands(
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const short = Object.entries(config).filter(([name]) => shorthand.test(name));
  if (short.length === 0) return { ...config };
  const rest = Object.entries(config).filter(([name]) => !shorthand.test(name));
  const named = short.map(([name, value]) => [name.replace(shorthand, ""), value]);
  const redis = { ...Object.fromEntries(named), ...config.redis as object | null };
  return { ...Object.fromEntries(rest), redis };
}
