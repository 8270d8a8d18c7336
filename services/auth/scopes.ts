/** What a request for no scope in particular is for. Rights come from roles, not from scopes. */
export const scopeDefault = "api";
/** What an access token of ours may be asked to cover. */
export const scopes = `openid profile email offline_access ${scopeDefault}`;
