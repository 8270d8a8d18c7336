export * from "./redis.ts";
export { redisAddressOf, type RedisConfig } from "./redis_address.ts";
export * from "./redis_errors.ts";
export * from "./redis_link.ts";
