import type {
  OidcGrant,
  OidcInteraction,
  OidcInteractionResult,
  OidcProvider,
} from "./oidc_provider.ts";

/** What a scope lets a client do, in the words of the person who is asked. */
const rightsByScope: Readonly<Record<string, string>> = {
  openid: "Know that it is you, by a number that stands for your account",
  profile: "See your name",
  email: "See your e-mail address",
  "offline_access": "Go on while you are not there, until you take its permission back",
  api: "See and change what is yours: your orders, payments and profile",
};

/** What is asked for, a scope without words of its own as it stands. */
export function rightsOf(scope: string): readonly string[] {
  const asked = new Set(scope.split(" ").filter((name) => name !== ""));
  return [...asked].map((name) => rightsByScope[name] ?? `Use the scope “${name}”`);
}

/** The place that the answer goes to, as a person can compare it: a host, or a program's own scheme. */
export function destinationOf(redirectUri: string): string {
  const { host, protocol } = new URL(redirectUri);
  return host === "" ? `a program on this device (${protocol})` : host;
}

/** The outcome of the person's allowing: a grant of exactly what was asked, with what was granted before. */
export async function allowed(
  provider: OidcProvider,
  { prompt: { details }, params, session, grantId }: OidcInteraction,
): Promise<OidcInteractionResult> {
  const owner = { accountId: session!.accountId!, clientId: String(params["client_id"]) };
  const before = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant: OidcGrant = before ?? new provider.Grant(owner);
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes = {} } = details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(" "));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(missingResourceScopes)) {
    grant.addResourceScope(resource, scopes.join(" "));
  }
  return { consent: { grantId: await grant.save() } };
}

export const denied: OidcInteractionResult = {
  error: "access_denied",
  "error_description": "the person did not allow it",
};
