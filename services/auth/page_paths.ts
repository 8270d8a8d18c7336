/** Where the pages for people are, at the edge as behind it. */
export const paths = {
  authorization: "/oidc/auth",
  styles: "/oidc/assets/pages.css",
  passkeysScript: "/oidc/assets/passkeys.js",
  signUp: "/oidc/sign-up",
  signUpLink: "/oidc/sign-up/confirm",
  forgot: "/oidc/forgot",
  reset: "/oidc/reset",
  account: "/oidc/account",
  password: "/oidc/account/password",
  factors: "/oidc/account/sign-in",
  passkeyCreation: "/oidc/account/sign-in/passkey",
  sessions: "/oidc/account/sessions",
  applications: "/oidc/account/applications",
  signOut: "/oidc/session/end",
} as const;

/** What a person sees of their account, in the order of the tabs. Each is a place to come back to after signing in. */
export const accountSections = [
  { path: paths.account, label: "Profile" },
  { path: paths.password, label: "Password" },
  { path: paths.factors, label: "Sign-in" },
  { path: paths.sessions, label: "Devices" },
  { path: paths.applications, label: "Applications" },
] as const;

export type AccountPath = typeof accountSections[number]["path"];

export const accountPages: readonly AccountPath[] = accountSections.map(({ path }) => path);

/** Where a browser asks how to sign in by a passkey. @param visit id of the interaction. */
export function passkeyOptionsPath(visit: string): string {
  return `/oidc/interaction/${visit}/passkey`;
}
