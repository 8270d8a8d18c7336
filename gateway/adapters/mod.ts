export * from "./file_state_store.ts";
export * from "./memory_request_counter.ts";
export * from "./memory_state_store.ts";
export * from "./redis_request_counter.ts";
export * from "./memory_answer_cache.ts";
export * from "./redis_answer_cache.ts";
export * from "./shared_request_counter.ts";
