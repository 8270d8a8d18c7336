import { exportJWK, generateKeyPair } from "jose";
import { equal } from "node:assert/strict";
import type { Hono } from "hono";
import { silentLogger } from "platform/telemetry";
import { oidcAdapterFor, openStores, type Stores, WorkerPasswords } from "../adapters/mod.ts";
import { createApp } from "../app.ts";
import { Clients } from "../clients.ts";
import { signedUp, UserId, type UserRole } from "../domain/mod.ts";
import { ownAuthenticator, SigningKeys } from "../signing_keys.ts";

export const issuer = "https://localhost:8443/oidc";
export const audience = "https://localhost:8443";
export const redirectUri = "https://localhost:8443/callback";

const machineSecret = "a-secret-of-the-demo-machine-client-0123456789";

const clients = Clients.parse([
  {
    client_id: "demo-machine",
    client_secret: machineSecret,
    grant_types: ["client_credentials"],
    roles: ["payment"],
  },
  {
    client_id: "sallyport-web",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: [redirectUri, "http://127.0.0.1:8400/callback"],
    post_logout_redirect_uris: ["https://localhost:8443/"],
    first_party: true,
  },
  {
    client_id: "stranger",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code"],
    redirect_uris: ["https://stranger.example/callback"],
  },
]);

/** The whole of auth without a network, its clock held in the test's hand where ours is asked. */
export class AuthServer implements AsyncDisposable {
  readonly #app: Hono;
  readonly #passwords: WorkerPasswords;
  readonly stores: Stores;
  now = new Date();

  private constructor(signingKeys: SigningKeys) {
    this.stores = openStores({ kind: "embedded", path: ":memory:", eventsPath: ":memory:" });
    this.#passwords = new WorkerPasswords();
    const now = () => this.now;
    const rules = { issuer, audience, jwksUri: `${issuer}/jwks`, clientId: "auth" };
    this.#app = createApp({
      ...this.stores,
      passwords: this.#passwords,
      adapter: oidcAdapterFor(this.stores.grants, now),
      authenticate: ownAuthenticator(rules, signingKeys, now),
      issuer,
      audience,
      clients,
      signingKeys,
      cookieKeys: ["0123456789012345678901234567890123456789"],
      log: silentLogger,
      now,
      newId: () => crypto.randomUUID(),
    });
  }

  static async open(): Promise<AuthServer> {
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    const key = { ...await exportJWK(privateKey), kid: "test" };
    return new AuthServer(SigningKeys.parse({ keys: [key] }));
  }

  /** Asks `path`, by the host of the edge unless a whole URL is given. */
  async fetch(
    path: string,
    init: RequestInit = {},
    clientAddress = "192.0.2.1",
  ): Promise<Response> {
    return await this.#app.fetch(new Request(new URL(path, audience), init), { clientAddress });
  }

  async post(
    path: string,
    form: Readonly<Record<string, string>>,
    init: RequestInit = {},
  ): Promise<Response> {
    return await this.fetch(path, { ...init, method: "POST", body: new URLSearchParams(form) });
  }

  async call(
    method: string,
    path: string,
    { token, body, ifMatch }: {
      readonly token?: string;
      readonly body?: unknown;
      readonly ifMatch?: string;
    } = {},
  ): Promise<Response> {
    return await this.fetch(path, {
      method,
      headers: {
        ...token ? { authorization: `Bearer ${token}` } : {},
        ...body ? { "content-type": "application/json" } : {},
        ...ifMatch ? { "if-match": ifMatch } : {},
      },
      body: body ? JSON.stringify(body) : null,
    });
  }

  /** A person who can sign in. */
  async addUser(
    email: string,
    password: string,
    roles: readonly UserRole[] = ["customer"],
  ): Promise<string> {
    const passwordHash = await this.#passwords.hash(password);
    const stamp = { id: UserId.parse(crypto.randomUUID()), at: this.now };
    const { id } = await this.stores.users.insert(
      signedUp({ email, name: "Somebody", passwordHash, roles }, stamp),
    );
    return id;
  }

  async machineToken(): Promise<Response> {
    return await this.post("/oidc/token", { grant_type: "client_credentials" }, {
      headers: { authorization: `Basic ${btoa(`demo-machine:${machineSecret}`)}` },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#passwords[Symbol.dispose]();
    await this.stores[Symbol.asyncDispose]();
  }
}

export interface Tokens {
  readonly "access_token": string;
  readonly "refresh_token": string;
  readonly "id_token"?: string;
  readonly "token_type": string;
  readonly "expires_in": number;
  readonly scope: string;
}

/** A browser that keeps cookies and is told where to go, with a public client's page in it. */
export class Browser {
  readonly #server: AuthServer;
  readonly #cookies = new Map<string, { value: string; path: string }>();
  readonly verifier = crypto.randomUUID() + crypto.randomUUID();

  constructor(server: AuthServer) {
    this.#server = server;
  }

  async get(url: string): Promise<Response> {
    return this.#keep(await this.#server.fetch(url, { headers: this.#headers(url) }));
  }

  async post(url: string, form: Readonly<Record<string, string>>): Promise<Response> {
    return this.#keep(await this.#server.post(url, form, { headers: this.#headers(url) }));
  }

  /** What the session cookie says. */
  get sessionId(): string {
    return this.#cookies.get("__Host-session")!.value;
  }

  /** Follows redirects while they stay with the server. */
  async follow(response: Response): Promise<Response> {
    for (let hops = 0; hops < 10; hops++) {
      const location = response.headers.get("location");
      if (!location || location.startsWith(redirectUri)) return response;
      response = await this.get(new URL(location, audience).href);
    }
    throw new Error("Cannot follow redirects: there are too many");
  }

  async authorizationUrl(
    changes: Readonly<Record<string, string | undefined>> = {},
  ): Promise<string> {
    const bytes = new TextEncoder().encode(this.verifier);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const parameters: Record<string, string | undefined> = {
      "client_id": "sallyport-web",
      "response_type": "code",
      "redirect_uri": redirectUri,
      scope: "openid profile email",
      state: "the-state",
      "code_challenge": hash.toBase64({ alphabet: "base64url", omitPadding: true }),
      "code_challenge_method": "S256",
      ...changes,
    };
    const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
    return `/oidc/auth?${new URLSearchParams(given as [string, string][])}`;
  }

  /** @returns the path of the sign-in form. */
  async openForm(changes: Readonly<Record<string, string | undefined>> = {}): Promise<string> {
    const response = await this.get(await this.authorizationUrl(changes));
    equal(response.status, 303, await response.text());
    return response.headers.get("location")!;
  }

  /** @returns the authorization code that comes of signing in. */
  async signIn(
    email: string,
    password: string,
    changes: Readonly<Record<string, string | undefined>> = {},
  ): Promise<string> {
    const form = await this.openForm(changes);
    const response = await this.follow(await this.post(form, { email, password }));
    return new URL(response.headers.get("location")!).searchParams.get("code")!;
  }

  async redeem(code: string, verifier = this.verifier): Promise<Response> {
    return await this.#server.post("/oidc/token", {
      grant_type: "authorization_code",
      client_id: "sallyport-web",
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier,
    });
  }

  async refresh(refreshToken: string): Promise<Response> {
    return await this.#server.post("/oidc/token", {
      grant_type: "refresh_token",
      client_id: "sallyport-web",
      refresh_token: refreshToken,
    });
  }

  async tokens(email: string, password: string): Promise<Tokens> {
    const response = await this.redeem(await this.signIn(email, password));
    equal(response.status, 200);
    return await response.json();
  }

  #headers(url: string): Record<string, string> {
    const { pathname } = new URL(url, audience);
    const cookies = [...this.#cookies].filter(([, { path }]) => pathname.startsWith(path));
    return {
      accept: "text/html",
      cookie: cookies.map(([name, { value }]) => `${name}=${value}`).join("; "),
    };
  }

  #keep(response: Response): Response {
    for (const cookie of response.headers.getSetCookie()) {
      const [pair, ...attributes] = cookie.split("; ");
      const [name, value] = pair!.split("=") as [string, string];
      const path = attributes.find((attribute) => attribute.startsWith("path="))?.slice(5) ?? "/";
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, { value, path });
    }
    return response;
  }
}
