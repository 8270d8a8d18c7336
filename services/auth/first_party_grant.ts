import type { OidcGrant, OidcProvider } from "./oidc_provider.ts";
import { scopes } from "./scopes.ts";

/** A grant, saved, of all that a client of the platform's own may ask for. */
export async function newGrant(
  provider: OidcProvider,
  owner: { readonly accountId: string; readonly clientId: string },
  audience: string,
): Promise<OidcGrant & { readonly jti: string }> {
  const grant = new provider.Grant(owner);
  grant.addOIDCScope(scopes);
  grant.addOIDCClaims(["name", "email"]);
  grant.addResourceScope(audience, scopes);
  const jti = await grant.save();
  return Object.assign(grant, { jti });
}
