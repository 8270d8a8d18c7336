import type { EmbeddedStoresConfig } from "platform/config";
import type { PostgresIdentity } from "platform/postgres";
import type { Ciphers } from "../ciphers.ts";
import { openEmbeddedStores } from "./embedded_stores.ts";
import { openPostgresStores, type PostgresStoresConfig } from "./postgres_stores.ts";
import type { Stores } from "./stores.ts";

export * from "./embedded_stores.ts";
export * from "./http_payments.ts";
export * from "./postgres_stores.ts";
export type * from "./stores.ts";

export type StoresConfig = EmbeddedStoresConfig | PostgresStoresConfig;

/**
 * The stores that the configuration names.
 *
 * @throws {ConfigError} when the database's schema is not the one that this program knows.
 */
export async function openStores(
  config: StoresConfig,
  needs: { readonly identity: PostgresIdentity; readonly ciphers: Ciphers },
): Promise<Stores> {
  return config.kind === "embedded"
    ? openEmbeddedStores(config, needs.ciphers)
    : await openPostgresStores(config, needs);
}
