/** Where the pages for people are, at the edge as behind it. */
export const paths = {
  authorization: "/oidc/auth",
  styles: "/oidc/assets/pages.css",
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

/** What a person sees of their account, in the order of the tabs. Each is a place to come back to after signing in. */
export const accountSections = [
  { path: paths.account, label: "Profile" },
  { path: paths.password, label: "Password" },
  { path: paths.sessions, label: "Devices" },
  { path: paths.applications, label: "Applications" },
] as const;

export type AccountPath = typeof accountSections[number]["path"];

export const accountPages: readonly AccountPath[] = accountSections.map(({ path }) => path);
