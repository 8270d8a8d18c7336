import type { AccessTable } from "platform/access";
import type { OidcOperation } from "./oidc_endpoints.ts";
import type { routes } from "./routes.ts";

/** Who may do what with users. A missing cell denies; a missing row does not compile. */
// deno-fmt-ignore: the columns are the point.
export const policy = {
  signUp:      { anyone: "any"                                                                                  },
  readMe:      { customer: "own", orders: "own", payment: "own", auditor: "own", admin: "own" },
  changeMe:    { customer: "own", orders: "own", payment: "own", auditor: "own", admin: "own" },
  listUsers:   {                                                 auditor: "any", admin: "any" },
  readUser:    {                                                 auditor: "any", admin: "any" },
  changeRoles: {                                                                 admin: "any" },
  disableUser: {                                                                 admin: "any" },
  resetFactors:{                                                                 admin: "any" },
  listAudit:   {                                                 auditor: "any", admin: "any" },
  verifyAudit: {                                                 auditor: "any", admin: "any" },
} satisfies AccessTable<keyof typeof routes>;

/**
 * Who may call the endpoints of the authorization server. They are how one becomes somebody: each
 * decides by client authentication, code, token or cookie, as its RFC says.
 */
// deno-fmt-ignore: the columns are the point.
export const oidcPolicy = {
  discovery:             { anyone: "any" },
  oauthDiscovery:        { anyone: "any" },
  jwks:                  { anyone: "any" },
  authorization:         { anyone: "any" },
  resume:                { anyone: "any" },
  showInteraction:       { anyone: "any" },
  submitInteraction:     { anyone: "any" },
  passkeyOptions:        { anyone: "any" },
  passkeysScript:        { anyone: "any" },
  pageStyles:            { anyone: "any" },
  showSignUp:            { anyone: "any" },
  submitSignUp:          { anyone: "any" },
  showSignUpLink:        { anyone: "any" },
  submitSignUpLink:      { anyone: "any" },
  showForgot:            { anyone: "any" },
  submitForgot:          { anyone: "any" },
  showReset:             { anyone: "any" },
  submitReset:           { anyone: "any" },
  showProfile:           { anyone: "any" },
  changeProfile:         { anyone: "any" },
  showPassword:          { anyone: "any" },
  changePassword:        { anyone: "any" },
  showFactors:           { anyone: "any" },
  changeFactors:         { anyone: "any" },
  passkeyCreation:       { anyone: "any" },
  showSessions:          { anyone: "any" },
  endBrowserSession:     { anyone: "any" },
  showApplications:      { anyone: "any" },
  disconnectApplication: { anyone: "any" },
  token:                 { anyone: "any" },
  revocation:            { anyone: "any" },
  introspection:         { anyone: "any" },
  pushedAuthorization:   { anyone: "any" },
  deviceAuthorization: { anyone: "any" },
  showUserCode:        { anyone: "any" },
  submitUserCode:      { anyone: "any" },
  resumeDevice:        { anyone: "any" },
  registration:        { anyone: "any" },
  readClient:          { anyone: "any" },
  replaceClient:       { anyone: "any" },
  deleteClient:        { anyone: "any" },
  initialAccessToken:  {                                                                 admin: "any" },
  endSession:            { anyone: "any" },
  confirmEndSession:     { anyone: "any" },
  sessionEnded:          { anyone: "any" },
  userinfo:              { customer: "own", orders: "own", payment: "own", auditor: "own", admin: "own" },
} satisfies AccessTable<OidcOperation>;
