export * from "./cache.ts";
export * from "./cache_codec.ts";
export * from "./cache_store.ts";
export * from "./memory_cache.ts";
export * from "./redis_cache.ts";
