import type { EmbeddedStoresConfig } from "platform/config";
import type { DynamodbStoresConfig, StoreSurroundings } from "./dynamodb_stores.ts";
import { openEmbeddedStores } from "./embedded_stores.ts";
import type { Stores } from "./stores.ts";

export type * from "./dynamodb_stores.ts";
export * from "./embedded_stores.ts";
export * from "./http_card_processor.ts";
export * from "./http_order_lookup.ts";
export type * from "./stores.ts";

export type StoresConfig = EmbeddedStoresConfig | DynamodbStoresConfig;

/**
 * The stores that the configuration names.
 *
 * @throws {ConfigError} when the table is not there, or not the one that this program knows.
 */
export async function openStores(
  config: StoresConfig,
  surroundings: StoreSurroundings,
): Promise<Stores> {
  if (config.kind === "embedded") return openEmbeddedStores(config, surroundings.ciphers);
  // Loaded when it is asked for: a program with embedded stores has no use for the SDK.
  const { openDynamodbStores } = await import("./dynamodb.ts");
  return await openDynamodbStores(config, surroundings);
}
