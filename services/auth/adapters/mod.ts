import type { TlsIdentity } from "platform/tls";
import type { Ciphers } from "../ciphers.ts";
import type { StoresConfig } from "../config.ts";
import { openEmbeddedStores } from "./embedded_stores.ts";
import type { Stores } from "./stores.ts";

export * from "./common_passwords.ts";
export * from "./embedded_stores.ts";
export * from "./folder_mailer.ts";
export * from "./oidc_adapter.ts";
export * from "./open_mailer.ts";
export * from "./redis_login_attempts.ts";
export type * from "./stores.ts";
export * from "./worker_passwords.ts";

/** What stores that are somewhere else need. */
export interface StoresNeeds {
  readonly identity: TlsIdentity;
  readonly ciphers: Ciphers;
  readonly now: () => Date;
}

/** The stores that the configuration names. */
export async function openStores(
  config: StoresConfig,
  { identity, ciphers, now }: StoresNeeds,
): Promise<Stores> {
  if (config.kind === "embedded") return openEmbeddedStores(config, ciphers);
  // Loaded when it is asked for: a program with embedded stores has no use for the driver's 30 MB.
  const { openMongodbStores } = await import("./mongodb.ts");
  const { url, ca } = config;
  return await openMongodbStores({ link: { url, ca, identity }, ciphers, now });
}
