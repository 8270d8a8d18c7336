// deno-lint-ignore-file camelcase -- The fields have Kong's names.
import { caCertificates, certificates, snis } from "./certificate.ts";
import { acls, consumers, jwtSecrets, keyAuthCredentials } from "./consumer.ts";
import type { Collection, Kind } from "./kind.ts";
import { pluginUses } from "./plugin_use.ts";
import { routes } from "./route.ts";
import { services } from "./service.ts";
import { targets, upstreams } from "./upstream.ts";

/** Every kind of entity, parents before their children. */
export const kinds: Readonly<Record<Collection, Kind<unknown>>> = {
  ca_certificates: caCertificates,
  certificates,
  snis,
  upstreams,
  targets,
  services,
  routes,
  consumers,
  jwt_secrets: jwtSecrets,
  keyauth_credentials: keyAuthCredentials,
  acls,
  plugins: pluginUses,
};

export const collections = Object.keys(kinds) as readonly Collection[];
