import { errors, interactionPolicy } from "oidc-provider";
import { StoreUnavailableError } from "platform/store";
import type { Logger } from "platform/telemetry";
import { acrValues } from "./authentication.ts";
import { type Client, isFirstParty, originsOf } from "./clients.ts";
import { type Account, isSignInValid } from "./domain/mod.ts";
import { newGrant } from "./first_party_grant.ts";
import { featuresOf, resourceServerOf } from "./oidc_features.ts";
import {
  type AuthorizationServer,
  type OidcAdapterFactory,
  type OidcClient,
  type OidcContext,
  type OidcGrant,
  type OidcProvider,
  type OidcToken,
  Provider,
} from "./oidc_provider.ts";
import { errorPage, pageHeaders, pageText } from "./pages/mod.ts";
import type { GrantStore, UserStore } from "./ports.ts";
import type { Visit } from "./session_visits.ts";
import { tellingVisits } from "./visit_step.ts";
import { scopes } from "./scopes.ts";
import { actorOf, registerTokenExchange } from "./token_exchange.ts";
import {
  accessTokenSeconds,
  followingKeys,
  type SigningKeys,
  type SigningKeySource,
} from "./signing_keys.ts";

const codeSeconds = 60;
/** As long as it takes to find a telephone and type eight letters. */
const deviceCodeSeconds = 600;
const interactionSeconds = 1_800;
/** How long somebody stays signed in, and the longest that a chain of refresh tokens lasts. */
const grantSeconds = 14 * 86_400;
/** A session's grant that ends sooner is replaced at the next sign-in. */
const grantSecondsMin = grantSeconds / 2;

export interface AuthorizationServerOptions {
  /** Path included, as in every token: `https://…/oidc`. */
  readonly issuer: string;
  readonly audience: string;
  readonly clients: readonly Client[];
  readonly signingKeys: SigningKeySource;
  readonly cookieKeys: readonly string[];
  readonly adapter: OidcAdapterFactory;
  readonly users: UserStore;
  readonly grants: GrantStore;
  /** Origin of the edge at which clients show certificates; undefined when there is none. */
  readonly mtlsEdge?: string | undefined;
  /** Tells clients' servers that somebody has signed out. */
  readonly tellClients: typeof fetch;
  readonly now: () => Date;
  /** The grant by which somebody else's client was allowed something before, in whichever browser. */
  readonly rememberedGrant: (owner: GrantOwner) => Promise<string | undefined>;
  /** Told of each request to authorize by somebody who is signed in. */
  readonly onVisit: (visit: Visit) => Promise<void>;
  readonly log: Logger;
}

interface GrantOwner {
  readonly accountId: string;
  readonly clientId: string;
}

/**
 * oidc-provider, set up for us: codes with PKCE, refresh with rotation, client credentials; JWTs for all.
 * It takes its keys when it is made: another is made when they change. What it gives out lies with the
 * adapter, so that sessions, interactions, codes and refresh tokens of the one are good at the next.
 */
export function openAuthorizationServer(
  options: AuthorizationServerOptions,
): () => AuthorizationServer {
  return followingKeys(options.signingKeys, (keys) => {
    const provider = makeProvider(options, keys);
    return { provider, handle: provider.callback() };
  });
}

function makeProvider(options: AuthorizationServerOptions, keys: SigningKeys): OidcProvider {
  const { issuer, clients, adapter, log } = options;
  const provider = new Provider(issuer, {
    adapter,
    clients: clients.map(metadataOf),
    // oidc-provider takes what it is given as its own.
    jwks: structuredClone(keys),
    cookies: cookiesOf(options.cookieKeys),
    ...protocol,
    ...tokensOf(options),
    ...peopleOf(options),
    ...browserOf(options),
    features: featuresOf(options),
    discovery: options.mtlsEdge ? { "mtls_endpoint_aliases": mtlsAliases(options) } : {},
    fetch: options.tellClients,
  });
  registerTokenExchange(provider, {
    ...options,
    keys,
    resourceServer: resourceServerOf(options.audience),
  });
  provider.use(tellingVisits(options));
  provider.on("server_error", (context, thrown) => {
    if (thrown instanceof StoreUnavailableError) comeAgain(context as OidcContext);
    log.failure("Authorization failed", thrown);
  });
  provider.on("error", (thrown) => log.failure("Authorization failed", thrown));
  provider.on("backchannel.error", (_context, thrown, client) => {
    log.warn("Sign-out not told", {
      "error.message": (thrown as Error).message,
      "client.id": (client as OidcClient).clientId,
    });
  });
  provider.on("grant.error", (_context, thrown) => {
    const { error, error_detail: reason } = thrown as { error?: string; error_detail?: string };
    log.warn("Token refused", { "error.code": error, "event.reason": reason });
  });
  return provider;
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc8705#section-5 | RFC 8705, endpoint aliases} */
function mtlsAliases({ issuer, mtlsEdge }: AuthorizationServerOptions): Settings {
  const at = (path: string) => new URL(`${new URL(issuer).pathname}${path}`, mtlsEdge).href;
  return {
    "token_endpoint": at("/token"),
    "revocation_endpoint": at("/token/revocation"),
    "introspection_endpoint": at("/token/introspection"),
    "pushed_authorization_request_endpoint": at("/request"),
    "device_authorization_endpoint": at("/device/auth"),
    "userinfo_endpoint": at("/me"),
  };
}

/** A store that is away is no fault of the program, and passes: whoever asks is told to ask again. */
function comeAgain(context: OidcContext): void {
  context.status = 503;
  context.set({ "retry-after": "1" });
}

type Settings = Readonly<Record<string, unknown>>;

function metadataOf({ roles: _roles, first_party: _firstParty, ...client }: Client): Settings {
  const usesCodes = client.grant_types.includes("authorization_code");
  return {
    ...client,
    response_types: client.response_types ?? (usesCodes ? ["code"] : []),
    id_token_signed_response_alg: "ES256",
  };
}

const protocol = {
  scopes: scopes.split(" "),
  acrValues,
  claims: { openid: ["sub", "amr"], profile: ["name"], email: ["email"] },
  responseTypes: ["code", "none"],
  clientAuthMethods: ["none", "client_secret_basic", "client_secret_post", "tls_client_auth"],
  pkce: { required: () => true },
  rotateRefreshToken: () => true,
  // Without `offline_access` a refresh token ends with the session in the browser.
  issueRefreshToken: (_context: unknown, client: OidcClient) =>
    client.grantTypeAllowed("refresh_token"),
  enabledJWA: {
    idTokenSigningAlgValues: ["ES256"],
    userinfoSigningAlgValues: ["ES256"],
    introspectionSigningAlgValues: ["ES256"],
    authorizationSigningAlgValues: ["ES256"],
    dPoPSigningAlgValues: ["ES256", "EdDSA", "RS256"],
  },
  ttl: {
    AccessToken: accessTokenSeconds,
    ClientCredentials: accessTokenSeconds,
    AuthorizationCode: codeSeconds,
    DeviceCode: deviceCodeSeconds,
    IdToken: accessTokenSeconds,
    Interaction: interactionSeconds,
    Session: grantSeconds,
    Grant: grantSeconds,
    RefreshToken: grantSeconds,
  },
};

function cookiesOf(keys: readonly string[]): Settings {
  const cookie = { secure: true, httpOnly: true, sameSite: "lax", signed: true };
  return {
    keys: [...keys],
    // Browsers accept these prefixes over TLS alone, `__Host-` for this very host alone.
    names: {
      session: "__Host-session",
      interaction: "__Secure-interaction",
      resume: "__Secure-resume",
    },
    long: cookie,
    short: cookie,
  };
}

function tokensOf({ clients, users }: AuthorizationServerOptions): Settings {
  const rolesByClient = new Map(clients.map((client) => [client.client_id, client.roles]));
  return {
    /** Read anew for each token: what an admin takes away is gone within a token's life. */
    async extraTokenClaims(_context: unknown, token: OidcToken) {
      if (token.kind === "ClientCredentials") {
        return { roles: [...rolesByClient.get(token.clientId ?? "") ?? []] };
      }
      const account = await activeAccount(users, token.accountId);
      if (!account) throw new errors.InvalidGrant("there is no such active user");
      const act = actorOf(token);
      return {
        roles: [...account.roles],
        "security_version": account.securityVersion ?? 0,
        ...act && { act },
      };
    },
  };
}

function peopleOf(
  { audience, clients, users, rememberedGrant }: AuthorizationServerOptions,
): Settings {
  return {
    async findAccount({ oidc }: OidcContext, accountId: string, token?: OidcToken) {
      const account = await activeAccount(users, accountId);
      if (!account) return undefined;
      const signedInSeconds = token?.authTime ?? oidc.session?.loginTs;
      if (signedInSeconds !== undefined && !isSignInValid(account, signedInSeconds)) {
        return undefined;
      }
      const { name, email } = account;
      return { accountId, claims: () => ({ sub: accountId, name, email }) };
    },

    /**
     * One grant for each client in a browser session; the platform's own clients need no consent for it,
     * and what others were allowed counts in every browser.
     */
    async loadExistingGrant({ oidc }: OidcContext): Promise<OidcGrant | undefined> {
      const { clientId } = oidc.client!;
      const { accountId } = oidc.session;
      const isOwn = isFirstParty(clients, clientId);
      const known = oidc.result?.consent?.grantId ?? oidc.session.grantIdFor(clientId);
      const grantId = known ?? (isOwn ? undefined : await rememberedGrant({ accountId, clientId }));
      const grant = grantId === undefined ? undefined : await oidc.provider.Grant.find(grantId);
      if (grant && (grant.exp ?? 0) - Date.now() / 1000 > grantSecondsMin) return grant;
      if (!isOwn) return undefined;
      return await newGrant(oidc.provider, { accountId, clientId }, audience);
    },
  };
}

async function activeAccount(
  users: UserStore,
  id: string | undefined,
): Promise<Account | undefined> {
  if (id === undefined) return undefined;
  const account = await users.find(id, { owner: id });
  return account?.status === "active" ? account : undefined;
}

/** A client that was registered may call from where it is sent back to. */
function hasRedirectAt({ redirectUris = [] }: OidcClient, origin: string): boolean {
  return redirectUris.some((uri) => new URL(uri).origin === origin);
}

function browserOf({ issuer, clients }: AuthorizationServerOptions): Settings {
  const originsByClient = new Map(
    clients.map((client) => [client.client_id, new Set(originsOf(client))]),
  );
  const policy = interactionPolicy.base();
  // A session may outlive the account it is of.
  policy.get("login").checks.add(
    new interactionPolicy.Check(
      "no_account",
      "End-User authentication is required",
      ({ oidc }: { oidc: { session: { accountId?: string }; account?: unknown } }) =>
        oidc.session.accountId !== undefined && oidc.account === undefined,
    ),
  );
  return {
    interactions: {
      policy,
      url: (_context: unknown, { uid }: { readonly uid: string }) =>
        `${new URL(issuer).pathname}/interaction/${uid}`,
    },
    clientBasedCORS: (_context: unknown, origin: string, client: OidcClient) =>
      originsByClient.get(client.clientId)?.has(origin) ?? hasRedirectAt(client, origin),
    renderError(context: OidcContext, { error }: { readonly error: string }) {
      context.set(pageHeaders([]));
      context.body = pageText(errorPage(error));
    },
  };
}
