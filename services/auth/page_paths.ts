/** Where the pages for people are, at the edge as behind it. */
export const paths = {
  styles: "/oidc/assets/pages.css",
  passkeysScript: "/oidc/assets/passkeys.js",
  signUp: "/oidc/sign-up",
  signUpLink: "/oidc/sign-up/confirm",
  forgot: "/oidc/forgot",
  reset: "/oidc/reset",
  account: "/oidc/account",
  password: "/oidc/account/password",
  sessions: "/oidc/account/sessions",
  applications: "/oidc/account/applications",
  signOut: "/oidc/session/end",
} as const;

/** Where a browser asks how to sign in by a passkey. @param visit id of the interaction. */
export function passkeyOptionsPath(visit: string): string {
  return `/oidc/interaction/${visit}/passkey`;
}
