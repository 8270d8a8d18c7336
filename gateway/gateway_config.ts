import { configError } from "platform/config";
import {
  type Declared,
  type Fault,
  parseDeclarative,
  type PluginUse,
  referenceOf,
  type Route,
  schemaViolation,
  type Service,
  type State,
} from "./entities/mod.ts";
import { findPlugin } from "./plugins/mod.ts";

export { type Method, methods } from "./entities/mod.ts";

/** A route with all that its requests meet. */
export interface RouteConfig {
  readonly route: Route;
  /** Undefined: only plugins answer. */
  readonly service: Service | undefined;
  /** Those of everything, of the service and of the route, each for all callers or for one consumer. */
  readonly plugins: readonly PluginUse[];
}

/** A state of the entities as requests meet it. */
export interface GatewayConfig {
  readonly state: State;
  /** The platform's own OpenID issuer: no consumer may speak in its name. Undefined: there is none. */
  readonly issuer: string | undefined;
  readonly routes: readonly RouteConfig[];
  /** Of the plugins, those for everything. */
  readonly plugins: readonly PluginUse[];
}

/**
 * What `state` means for requests. What is switched off is left out.
 *
 * @throws {Violation} when entities that are right by themselves cannot work together, or not with `issuer`.
 */
export function gatewayConfigOf(state: State, issuer: string | undefined): GatewayConfig {
  for (const { fault } of contradictionsOf(state, issuer)) throw schemaViolation([fault]);
  const uses = new PluginUses([...state.plugins.values()].filter(({ enabled }) => enabled));
  const routes = [...state.routes.values()].flatMap((route): RouteConfig[] => {
    const service = serviceOf(state, route);
    if (service?.enabled === false) return [];
    return [{ route, service, plugins: uses.around(route) }];
  });
  const everywhere = uses.unscoped.filter(({ consumer }) => !consumer);
  return { state, issuer, routes, plugins: everywhere };
}

/**
 * Reads the text of a configuration file.
 *
 * @throws {ConfigError} naming every fault by file, line and path. An unknown key or plugin is one.
 */
export function parseGatewayConfig(
  text: string,
  file: string,
  { issuer, now = new Date() }: { readonly issuer?: string; readonly now?: Date } = {},
): GatewayConfig {
  const { state, faultAt } = parseDeclarative(text, file, now);
  return checkedConfigOf(state, { issuer, faultAt });
}

/**
 * What was kept of an earlier run, as requests meet it.
 *
 * @throws {ConfigError} naming what can hold no longer, such as a credential with the name of a new `issuer`.
 */
export function keptGatewayConfigOf(state: State, issuer: string): GatewayConfig {
  const faultAt = (id: string, { path, message }: Fault) =>
    `the kept configuration: ${id}: ${path.join(".")}: ${message}`;
  return checkedConfigOf(state, { issuer, faultAt });
}

interface Checking extends Pick<Declared, "faultAt"> {
  readonly issuer: string | undefined;
}

function checkedConfigOf(state: State, { issuer, faultAt }: Checking): GatewayConfig {
  const faults = contradictionsOf(state, issuer).map(({ id, fault }) => faultAt(id, fault));
  if (faults.length > 0) throw configError(faults);
  return gatewayConfigOf(state, issuer);
}

/** The SPIFFE ID that the certificate of a service's programs must carry. */
export function peerOf({ tags, host }: Pick<Service, "tags" | "host">): string {
  const tag = tags?.find((tag) => tag.startsWith("spiffe:"));
  return `spiffe://sallyport/${tag?.slice("spiffe:".length) ?? programOf(host)}`;
}

/** Where programs run as containers, one per service, they answer as `payment-service` too. */
export function programOf(host: string): string {
  return host.replace(/-service$/, "");
}

/** How a server shows that it is who a service means. */
export type Trust =
  /** By the only SPIFFE ID in its certificate, which our own CA has issued. */
  | { readonly by: "spiffe"; readonly id: string }
  /** By its host name, in a certificate of one of these CAs (PEM). */
  | { readonly by: "host"; readonly ca: string };

export function trustOf(service: Service, state: State): Trust {
  const ids = service.ca_certificates;
  if (!ids) return { by: "spiffe", id: peerOf(service) };
  // One that is gone vouches for nobody.
  const ca = ids.flatMap((id) => state.ca_certificates.get(id)?.cert ?? []).join("\n");
  return { by: "host", ca };
}

export function isPublic({ tags }: Pick<Route, "tags">): boolean {
  return tags?.includes("public") ?? false;
}

interface Contradiction {
  /** Of the entity that it is found in. */
  readonly id: string;
  readonly fault: Fault;
}

/** By these a route learns who is asking, whether or not it demands a token. */
const identifying = ["key-auth", "mtls-auth"];

function contradictionsOf(state: State, issuer: string | undefined): Contradiction[] {
  return [...strangersOn(state), ...misfitsOf(state), ...pretendersIn(state, issuer)];
}

/** Credentials by which a consumer's key would count for the tokens of the platform's issuer. */
function pretendersIn(state: State, issuer: string | undefined): Contradiction[] {
  const pretenders = state.jwt_secrets.values().filter(({ key }) => key === issuer);
  const message = "must not be the issuer of the platform's own tokens";
  return [...pretenders.map(({ id }) => ({ id, fault: { path: ["key"], message } }))];
}

/** Uses whose configuration does not fit the other entities. */
function misfitsOf(state: State): Contradiction[] {
  return [...state.plugins.values()].flatMap(({ id, name, config }) => {
    const faults = findPlugin(name)?.check?.(config, state) ?? [];
    return faults.map(({ path, message }) => ({
      id,
      fault: { path: ["config", ...path], message },
    }));
  });
}

/** Uses on public routes that ask who is calling. */
function strangersOn(state: State): Contradiction[] {
  const uses = new PluginUses([...state.plugins.values()]);
  return [...state.plugins.values()].flatMap((use): Contradiction[] => {
    const route = state.routes.get(referenceOf(use.route) ?? "");
    if (!route || !isPublic(route)) return [];
    const isKnown = uses.around(route).some(({ name }) => identifying.includes(name));
    if (use.name !== "jwt" && (use.name !== "acl" || isKnown)) return [];
    const message = `A public route knows no caller: "${use.name}" cannot work here`;
    return [{ id: use.id, fault: { path: ["name"], message } }];
  });
}

function serviceOf(state: State, route: Route): Service | undefined {
  return state.services.get(referenceOf(route.service) ?? "");
}

/** Uses of plugins, by what they are for. */
class PluginUses {
  readonly unscoped: readonly PluginUse[];
  readonly #byScope: ReadonlyMap<string | undefined, readonly PluginUse[]>;

  constructor(uses: readonly PluginUse[]) {
    this.#byScope = Map.groupBy(uses, ({ route, service }) => referenceOf(route ?? service));
    this.unscoped = this.#byScope.get(undefined) ?? [];
  }

  /** Those that the requests of `route` meet. */
  around(route: Route): readonly PluginUse[] {
    const service = referenceOf(route.service);
    const ofService = service === undefined ? [] : this.#byScope.get(service) ?? [];
    // What names both is filed under its route, and counts only where they belong together.
    const ofRoute = (this.#byScope.get(route.id) ?? []).filter((use) =>
      !use.service || use.service.id === service
    );
    return [...this.unscoped, ...ofService, ...ofRoute];
  }
}
