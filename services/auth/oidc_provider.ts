import type { IncomingMessage, ServerResponse } from "node:http";
import type { Authentication } from "./authentication.ts";
import type { RequestTraits } from "./node_bridge.ts";
import { Provider as LibraryProvider } from "oidc-provider";

/** The part of oidc-provider's interface that we use: the package brings no types of its own. */
export interface OidcProvider {
  callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  interactionDetails(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<OidcInteraction>;
  /** Keeps the outcome of an interaction. @returns the URL to go on to. */
  interactionResult(
    request: IncomingMessage,
    response: ServerResponse,
    result: OidcInteractionResult,
    options: { readonly mergeWithLastSubmission: boolean },
  ): Promise<string>;
  readonly Grant: OidcGrantClass;
  /** The session that the request's cookie names, or a new one that nobody has signed in to. */
  readonly Session: {
    get(exchange: {
      readonly req: IncomingMessage;
      readonly res: ServerResponse;
    }): Promise<OidcSession>;
  };
  /** Adds a step around every request that is handled. */
  use(step: (context: OidcContext, next: () => Promise<void>) => Promise<void>): void;
  registerGrantType(
    name: string,
    handler: (context: OidcContext) => Promise<void>,
    parameters: readonly string[],
  ): void;
  readonly AccessToken: new (properties: Readonly<Record<string, unknown>>) => OidcNewToken;
  readonly InitialAccessToken: {
    new (properties: Readonly<Record<string, unknown>>): { save(): Promise<string> };
    readonly adapter: Pick<OidcAdapter, "consume">;
  };
  readonly ResourceServer: new (
    identifier: string,
    properties: Readonly<Record<string, unknown>>,
  ) => object;
  readonly Client: { find(id: string): Promise<OidcClient | undefined> };
  on(
    event: "server_error" | "grant.error" | "error" | "backchannel.error",
    listener: (...args: readonly unknown[]) => void,
  ): void;
}

/** A provider, and what answers the requests to its endpoints. */
export interface AuthorizationServer {
  readonly provider: OidcProvider;
  readonly handle: ReturnType<OidcProvider["callback"]>;
}

/** What an artifact consists of. oidc-provider adds more, which we keep and do not look at. */
export interface ArtifactPayload {
  readonly jti?: string;
  readonly uid?: string;
  readonly userCode?: string;
  readonly grantId?: string;
  readonly accountId?: string;
  readonly session?: Readonly<Record<string, unknown>>;
  readonly [member: string]: unknown;
}

/** Keeps the artifacts of one kind. */
export interface OidcAdapter {
  upsert(id: string, payload: ArtifactPayload, expiresInSeconds?: number): Promise<void>;
  find(id: string): Promise<ArtifactPayload | undefined>;
  findByUid(uid: string): Promise<ArtifactPayload | undefined>;
  findByUserCode(userCode: string): Promise<ArtifactPayload | undefined>;
  consume(id: string): Promise<void>;
  destroy(id: string): Promise<void>;
  revokeByGrantId(grantId: string): Promise<void>;
}

export type OidcAdapterFactory = (kind: string) => OidcAdapter;

/** Something that the person must do before the authorization request goes on. */
export interface OidcInteraction {
  readonly uid: string;
  readonly prompt: { readonly name: string; readonly details: OidcPromptDetails };
  readonly params: Readonly<Record<string, unknown>>;
  readonly session?: { readonly accountId?: string };
  /** What was granted to the client before. */
  readonly grantId?: string;
}

/** What a consent is missing. */
export interface OidcPromptDetails {
  readonly missingOIDCScope?: readonly string[];
  readonly missingOIDCClaims?: readonly string[];
  readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>;
}

export type OidcInteractionResult =
  | { readonly login: Authentication & { readonly accountId: string } }
  | { readonly consent: { readonly grantId: string } }
  | { readonly error: string; readonly error_description: string };

export interface OidcSession {
  readonly uid: string;
  readonly accountId?: string;
  /** When the person signed in, in seconds since 1970. */
  readonly loginTs?: number;
}

export interface OidcGrant {
  readonly exp?: number;
  addOIDCScope(scope: string): void;
  addOIDCClaims(claims: readonly string[]): void;
  addResourceScope(resource: string, scope: string): void;
  /** @returns its id. */
  save(): Promise<string>;
}

export interface OidcGrantClass {
  new (owner: { readonly accountId: string; readonly clientId: string }): OidcGrant;
  find(id: string): Promise<OidcGrant | undefined>;
}

export interface OidcClient {
  readonly clientId: string;
  readonly clientName?: string;
  readonly redirectUris?: readonly string[];
  readonly clientAuthMethod: string;
  readonly dpopBoundAccessTokens?: boolean;
  readonly tlsClientCertificateBoundAccessTokens?: boolean;
  grantTypeAllowed(grantType: string): boolean;
}

/** A request on its way through oidc-provider. */
export interface OidcContext {
  readonly req: IncomingMessage & RequestTraits;
  type: string;
  status: number;
  body: unknown;
  set(headers: Readonly<Record<string, string>>): void;
  /** A header of the request; empty when there is none. */
  get(name: string): string;
  /** Missing where no endpoint was found. */
  readonly oidc: {
    readonly provider: OidcProvider;
    readonly client?: OidcClient;
    /** Parameters of the request, and what they are taken to be where it names none. */
    readonly params: { readonly "grant_type"?: string; scope?: string };
    readonly entities: { readonly InitialAccessToken?: { readonly jti: string } };
    readonly result?: { readonly consent?: { readonly grantId?: string } };
    readonly session: {
      readonly uid: string;
      readonly accountId: string;
      /** When the person signed in, in seconds since 1970. */
      readonly loginTs?: number;
      grantIdFor(clientId: string): string | undefined;
    };
  };
}

/** A token that we make ourselves. */
export interface OidcNewToken extends OidcToken {
  resourceServer: object;
  scope: string | undefined;
  readonly expiration: number;
  /** @returns what its holder gets. */
  save(): Promise<string>;
}

/** A token that is about to be issued. */
export interface OidcToken {
  readonly kind: string;
  /** When the person signed in that it goes back to, in seconds since 1970. */
  readonly authTime?: number;
  readonly accountId?: string;
  readonly clientId?: string;
}

/** oidc-provider's class, as far as we use it. */
export const Provider: new (
  issuer: string,
  configuration: Readonly<Record<string, unknown>>,
) => OidcProvider = LibraryProvider;
