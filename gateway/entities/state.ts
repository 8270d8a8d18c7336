// deno-lint-ignore-file camelcase -- The fields have Kong's names.
import type { CaCertificateFields, CertificateFields, SniFields } from "./certificate.ts";
import type { AclFields, ConsumerFields, JwtSecretFields, KeyAuthFields } from "./consumer.ts";
import type { Collection } from "./kind.ts";
import { collections, kinds } from "./kinds.ts";
import type { PluginUseFields } from "./plugin_use.ts";
import type { RouteFields } from "./route.ts";
import type { ServiceFields } from "./service.ts";
import type { TargetFields, UpstreamFields } from "./upstream.ts";

/** What every entity has. Times are in seconds since 1970. */
export interface Stamp {
  readonly id: string;
  readonly created_at: number;
  readonly updated_at: number;
}

export type Service = Stamp & ServiceFields;
export type Route = Stamp & RouteFields;
export type PluginUse = Stamp & PluginUseFields;
export type Consumer = Stamp & ConsumerFields;
export type JwtSecret = Stamp & JwtSecretFields;
export type KeyAuthCredential = Stamp & KeyAuthFields;
export type Acl = Stamp & AclFields;
export type Upstream = Stamp & UpstreamFields;
export type Target = Stamp & TargetFields;
export type Certificate = Stamp & CertificateFields;
export type Sni = Stamp & SniFields;
export type CaCertificate = Stamp & CaCertificateFields;

/** By collection. */
export interface Entities {
  readonly services: Service;
  readonly routes: Route;
  readonly plugins: PluginUse;
  readonly consumers: Consumer;
  readonly jwt_secrets: JwtSecret;
  readonly keyauth_credentials: KeyAuthCredential;
  readonly acls: Acl;
  readonly upstreams: Upstream;
  readonly targets: Target;
  readonly certificates: Certificate;
  readonly snis: Sni;
  readonly ca_certificates: CaCertificate;
}

/** Any entity, where its kind does not matter. */
export type Entity = Stamp & Readonly<Record<string, unknown>>;

/** All entities by id, in the order in which they came. Never changed: a change makes another state. */
export type State = { readonly [Of in Collection]: ReadonlyMap<string, Entities[Of]> };

export const emptyState = Object.fromEntries(
  collections.map((collection) => [collection, new Map()]),
) as unknown as State;

export function entitiesOf(state: State, collection: Collection): ReadonlyMap<string, Entity> {
  return state[collection] as unknown as ReadonlyMap<string, Entity>;
}

/** The entity with this id, or with this value of one of its kind's keys. */
export function findEntity(
  state: State,
  collection: Collection,
  idOrKey: string,
): Entity | undefined {
  const all = entitiesOf(state, collection);
  const byId = all.get(idOrKey);
  if (byId) return byId;
  const [key] = kinds[collection].keys;
  return key === undefined ? undefined : all.values().find((entity) => entity[key] === idOrKey);
}

/** The children of `parent` in a collection that names it by `field`. */
export function childrenOf(
  state: State,
  { collection, field, id }: {
    readonly collection: Collection;
    readonly field: string;
    readonly id: string;
  },
): Entity[] {
  return [...entitiesOf(state, collection).values()].filter((entity) =>
    referenceOf(entity[field]) === id
  );
}

/** The id in a field that names another entity; undefined in any other. */
export function referenceOf(value: unknown): string | undefined {
  return typeof value === "object" ? (value as { readonly id?: string } | null)?.id : undefined;
}
