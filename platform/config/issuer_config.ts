import type { z } from "zod";
import type { TokenRules } from "platform/access";
import { configError, variablesOf } from "./env.ts";
import { peerUrl } from "./peer_url.ts";
import { readCaFile } from "./store_ca.ts";
import { addressVariables, tokenVariables } from "./variables.ts";

type Given<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;
type Addresses = Pick<Given<typeof addressVariables>, "EDGE_URL">;

/** An issuer that is not our own auth server: Keycloak, or whoever speaks OpenID Connect. */
export interface ForeignIssuer {
  readonly issuer: string;
  /** PEM of the CA that vouches for its server; undefined for the system's CAs. */
  readonly ca: string | undefined;
}

/** Whose tokens count. Unless told otherwise: those of our own auth server, asked over mutual TLS. */
export function tokenRulesOf(
  given: Addresses & Given<typeof tokenVariables>,
  clientId: string,
): TokenRules {
  return {
    issuer: issuerOf(given),
    audience: given.OIDC_AUDIENCE ?? given.EDGE_URL,
    jwksUri: given.OIDC_JWKS_URI ?? `${peerUrl("auth")}/oidc/jwks`,
    clientId,
  };
}

/** Where a program gets tokens of its own. */
export function tokenUrlOf({ OIDC_TOKEN_URL: url }: Given<typeof tokenVariables>): string {
  return url ?? `${peerUrl("auth")}/oidc/token`;
}

/** By which names clients call the edge: for everybody, and the one for mutual TLS where there is one. */
export function edgeOriginsOf(
  { EDGE_URL: edge, MTLS_EDGE_URL: mtls }: Addresses & Given<typeof tokenVariables>,
): readonly string[] {
  return [edge, mtls].filter((url) => url !== undefined).map((url) => new URL(url).origin);
}

/** Whose tokens count: our own auth server's, unless told otherwise. */
export function issuerOf(
  { EDGE_URL: edge, OIDC_ISSUER: issuer }: {
    readonly EDGE_URL: string;
    readonly OIDC_ISSUER?: string | undefined;
  },
): string {
  return issuer ?? ownIssuer(edge);
}

/**
 * The issuer, when it is another than our own auth server. To be asked beside the other readers of a
 * configuration: our own keys would refuse every token of another issuer, one by one, and nothing would
 * say why.
 *
 * @param needsTokens whether the program asks it for tokens of its own.
 * @throws {ConfigError} when nothing says where its keys are, or where it gives out tokens.
 */
export function readForeignIssuer(
  get: (name: string) => string | undefined,
  { needsTokens = false }: { readonly needsTokens?: boolean } = {},
): ForeignIssuer | undefined {
  const shape = { ...addressVariables, ...tokenVariables };
  const names = ["EDGE_URL", "OIDC_ISSUER", "OIDC_JWKS_URI", "OIDC_TOKEN_URL"] as const;
  const given = variablesOf(shape, names, get);
  const { EDGE_URL: edge, OIDC_ISSUER: issuer } = given;
  if (issuer === undefined || issuer === ownIssuer(edge)) return undefined;
  const needed = needsTokens
    ? ["OIDC_JWKS_URI", "OIDC_TOKEN_URL"] as const
    : ["OIDC_JWKS_URI"] as const;
  const faults = needed.filter((name) => given[name] === undefined)
    .map((name) => `${name}: Needed when OIDC_ISSUER is not our own auth server`);
  if (faults.length > 0) throw configError(faults);
  return { issuer, ca: readCaFile("OIDC_CA_FILE", get) };
}

function ownIssuer(edge: string): string {
  return `${edge}/oidc`;
}
