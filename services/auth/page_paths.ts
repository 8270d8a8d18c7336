/** Where the pages for people are, at the edge as behind it. */
export const paths = {
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
