/** The method and path of one endpoint, below `/oidc`. */
export interface OidcEndpoint {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  /** Browsers of other origins ask first (CORS): the endpoint answers `OPTIONS` too. */
  readonly preflight?: true;
}

/** Every endpoint of the authorization server. What is not listed here does not exist, whatever the library knows. */
export const oidcEndpoints = {
  discovery: { method: "GET", path: "/.well-known/openid-configuration", preflight: true },
  oauthDiscovery: {
    method: "GET",
    path: "/.well-known/oauth-authorization-server",
    preflight: true,
  },
  jwks: { method: "GET", path: "/jwks", preflight: true },
  authorization: { method: "GET", path: "/auth" },
  resume: { method: "GET", path: "/auth/:uid" },
  showInteraction: { method: "GET", path: "/interaction/:uid" },
  submitInteraction: { method: "POST", path: "/interaction/:uid" },
  passkeyOptions: { method: "POST", path: "/interaction/:uid/passkey" },
  pageStyles: { method: "GET", path: "/assets/pages.css" },
  passkeysScript: { method: "GET", path: "/assets/passkeys.js" },
  showSignUp: { method: "GET", path: "/sign-up" },
  submitSignUp: { method: "POST", path: "/sign-up" },
  showSignUpLink: { method: "GET", path: "/sign-up/confirm" },
  submitSignUpLink: { method: "POST", path: "/sign-up/confirm" },
  showForgot: { method: "GET", path: "/forgot" },
  submitForgot: { method: "POST", path: "/forgot" },
  showReset: { method: "GET", path: "/reset" },
  submitReset: { method: "POST", path: "/reset" },
  showProfile: { method: "GET", path: "/account" },
  changeProfile: { method: "POST", path: "/account" },
  showPassword: { method: "GET", path: "/account/password" },
  changePassword: { method: "POST", path: "/account/password" },
  showFactors: { method: "GET", path: "/account/sign-in" },
  changeFactors: { method: "POST", path: "/account/sign-in" },
  passkeyCreation: { method: "POST", path: "/account/sign-in/passkey" },
  showSessions: { method: "GET", path: "/account/sessions" },
  endBrowserSession: { method: "POST", path: "/account/sessions" },
  showApplications: { method: "GET", path: "/account/applications" },
  disconnectApplication: { method: "POST", path: "/account/applications" },
  token: { method: "POST", path: "/token", preflight: true },
  revocation: { method: "POST", path: "/token/revocation", preflight: true },
  introspection: { method: "POST", path: "/token/introspection", preflight: true },
  pushedAuthorization: { method: "POST", path: "/request", preflight: true },
  deviceAuthorization: { method: "POST", path: "/device/auth", preflight: true },
  showUserCode: { method: "GET", path: "/device" },
  submitUserCode: { method: "POST", path: "/device" },
  resumeDevice: { method: "GET", path: "/device/:uid" },
  registration: { method: "POST", path: "/reg" },
  initialAccessToken: { method: "POST", path: "/reg/initial" },
  readClient: { method: "GET", path: "/reg/:clientId" },
  replaceClient: { method: "PUT", path: "/reg/:clientId" },
  deleteClient: { method: "DELETE", path: "/reg/:clientId" },
  endSession: { method: "GET", path: "/session/end" },
  confirmEndSession: { method: "POST", path: "/session/end/confirm" },
  sessionEnded: { method: "GET", path: "/session/end/success" },
  userinfo: { method: "GET", path: "/me" },
} as const satisfies Readonly<Record<string, OidcEndpoint>>;

export type OidcOperation = keyof typeof oidcEndpoints;
