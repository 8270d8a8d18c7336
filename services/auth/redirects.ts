import type { OidcInteraction } from "./oidc_provider.ts";

/** Where the browser goes on to afterwards: nowhere else, when a device waits for it. */
export function redirectsOf({ params }: OidcInteraction): readonly string[] {
  const uri = params["redirect_uri"];
  return typeof uri === "string" ? [uri] : [];
}
