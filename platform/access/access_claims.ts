import { z } from "zod";
import { Confirmation } from "./sender_constraint.ts";
import { type Principal, type Role, roles } from "./access.ts";

const RoleNames = z.array(z.string()).catch([]);

/** What a claim of an access token must be like. Built-in and Keycloak shapes. */
export const AccessClaims = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  sub: z.string().min(1).max(255),
  exp: z.number(),
  iat: z.number(),
  nbf: z.number().optional(),
  jti: z.string().optional().catch(undefined),
  sid: z.string().optional().catch(undefined),
  /** Our own: a number that grows when something is taken away from the account. */
  security_version: z.int().optional().catch(undefined),
  cnf: Confirmation.optional(),
  // RFC 9068 demands client_id; Keycloak calls it azp.
  client_id: z.string().optional(),
  azp: z.string().optional(),
  roles: RoleNames.optional(),
  role: z.union([z.string().transform((role) => [role]), RoleNames]).optional(),
  realm_access: z.object({ roles: RoleNames }).optional(),
  resource_access: z.record(z.string(), z.object({ roles: RoleNames })).optional(),
});
export type AccessClaims = z.output<typeof AccessClaims>;

/** Who calls, by claims that were verified. `clientId` is our own at the issuer. */
export function principalOf(claims: AccessClaims, clientId: string): Principal {
  return {
    subject: claims.sub,
    clientId: claims.client_id ?? claims.azp ?? "",
    roles: rolesOf(claims, clientId),
  };
}

/** Roles of the platform named by any of the places an issuer may put them, and no other client's. */
function rolesOf(claims: AccessClaims, clientId: string): ReadonlySet<Role> {
  const own = Object.hasOwn(claims.resource_access ?? {}, clientId)
    ? claims.resource_access![clientId]!.roles
    : [];
  const named = [
    ...claims.roles ?? [],
    ...claims.role ?? [],
    ...claims.realm_access?.roles ?? [],
    ...own,
  ];
  return new Set(roles.filter((role) => named.includes(role)));
}
