import type { PasskeyProof } from "./passkeys.ts";

/**
 * How somebody has shown who they are.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8176 | RFC 8176, authentication method reference values}
 */
export interface Authentication {
  readonly amr: readonly string[];
  readonly acr?: string;
}

/** Two factors, one of which may be told to a false site. */
const multiFactor = "https://refeds.org/profile/mfa";
/** Two factors, of which a false site has no use. */
const phishingResistant = "phr";

/**
 * What clients may ask for.
 *
 * @see {@link https://openid.net/specs/openid-connect-eap-acr-values-1_0.html | OpenID Connect EAP ACR values}
 */
export const acrValues: readonly string[] = [phishingResistant, multiFactor];

export const byPassword: Authentication = { amr: ["pwd"] };

export const byPasswordAndCode: Authentication = { amr: ["pwd", "otp", "mfa"], acr: multiFactor };

/** The registry knows no value for codes on paper. */
export const byPasswordAndRecoveryCode: Authentication = { amr: ["pwd", "mfa"], acr: multiFactor };

/** Whether a key is in hardware nobody has attested: it is told by whether it can leave its device. */
export function byPasskey(
  { isDeviceBound }: Pick<PasskeyProof, "isDeviceBound">,
  { afterPassword }: { readonly afterPassword: boolean },
): Authentication {
  const key = [isDeviceBound ? "hwk" : "swk", "user", "mfa"];
  return { amr: afterPassword ? ["pwd", ...key] : key, acr: phishingResistant };
}
