import { exportJWK, generateKeyPair } from "jose";
import type { Hono } from "hono";
import { TestKeyRing } from "platform/crypto/testing";
import { silentLogger } from "platform/telemetry";
import {
  CommonPasswords,
  oidcAdapterFor,
  openEmbeddedStores,
  type Stores,
  WorkerPasswords,
} from "../adapters/mod.ts";
import { withAuditTrail } from "../audit_trail.ts";
import type { ClientCertificate } from "../client_certificate.ts";
import { ciphersOf } from "../ciphers.ts";
import { createApp } from "../app.ts";
import { Clients } from "../clients.ts";
import { LoginAttempts, signedUp, UserId, type UserRole } from "../domain/mod.ts";
import { RecoveryCodes } from "../recovery_codes.ts";
import { MailDelivery } from "../mail_delivery.ts";
import { ownAuthenticator, SigningKeys } from "../signing_keys.ts";
import { Mailbox } from "./mailbox.ts";

export const recovery = new RecoveryCodes(ciphersOf(new TestKeyRing()).recoveryCodes);

export const issuer = "https://localhost:8443/oidc";
export const audience = "https://localhost:8443";
export const redirectUri = "https://localhost:8443/callback";

export const exchangerSecret = "a-secret-of-the-exchanging-clients-0123456789";
export const machineSecret = "a-secret-of-the-demo-machine-client-0123456789";

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
    client_name: "A stranger's shop",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code"],
    redirect_uris: ["https://stranger.example/callback"],
  },
  {
    client_id: "tv",
    client_name: "A television",
    token_endpoint_auth_method: "none",
    grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
    first_party: true,
  },
  {
    client_id: "mtls-machine",
    token_endpoint_auth_method: "tls_client_auth",
    tls_client_auth_san_uri: "spiffe://sallyport/partner",
    tls_client_certificate_bound_access_tokens: true,
    grant_types: ["client_credentials"],
    roles: ["payment"],
  },
  ...["exchanger", "second-exchanger", "third-exchanger"].map((id) => ({
    client_id: id,
    client_secret: exchangerSecret,
    grant_types: [
      "client_credentials",
      "urn:ietf:params:oauth:grant-type:token-exchange",
    ],
  })),
  {
    client_id: "told-of-sign-outs",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code"],
    redirect_uris: [redirectUri],
    first_party: true,
    backchannel_logout_uri: "https://told.example/backchannel",
    backchannel_logout_session_required: true,
  },
]);

export async function aSigningKey(kid: string): Promise<SigningKeys["keys"][number]> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return SigningKeys.parse({ keys: [{ ...await exportJWK(privateKey), kid }] }).keys[0]!;
}

/** Hashes, and counts how often. */
class CountingPasswords extends WorkerPasswords {
  count = 0;

  override hash(password: string): Promise<string> {
    this.count++;
    return super.hash(password);
  }

  override verify(password: string, hash: string | undefined): Promise<boolean> {
    this.count++;
    return super.verify(password, hash);
  }
}

/** The whole of auth without a network, its clock held in the test's hand where ours is asked. */
export class AuthServer implements AsyncDisposable {
  readonly #app: Hono;
  readonly #passwords: CountingPasswords;
  readonly #mail: MailDelivery;
  readonly stores: Stores;
  readonly mailbox = new Mailbox();
  /** In force from the next request on. */
  readonly signingKeys: { current: SigningKeys };
  now = new Date();
  /** Stands for clients' servers. */
  tellClients: typeof fetch = () => Promise.resolve(new Response(null));

  private constructor(keys: SigningKeys, stores: Stores) {
    const signingKeys = this.signingKeys = { current: keys };
    this.stores = stores;
    this.#passwords = new CountingPasswords();
    const now = () => this.now;
    const newId = () => crypto.randomUUID();
    const log = silentLogger;
    const mailer = this.mailbox;
    this.#mail = new MailDelivery({ ...stores, mailer, issuer, log, now, newId });
    const rules = { issuer, audience, jwksUri: `${issuer}/jwks`, clientId: "auth" };
    this.#app = createApp({
      ...this.stores,
      reads: this.stores.users,
      passwords: this.#passwords,
      commonPasswords: new CommonPasswords(),
      mail: this.#mail,
      attempts: new LoginAttempts(),
      recovery,
      adapter: oidcAdapterFor(this.stores.grants, now),
      authenticate: ownAuthenticator(rules, signingKeys, now),
      issuer,
      audience,
      clients,
      signingKeys,
      mtlsEdge: "https://localhost:8445",
      tellClients: (input, init) => this.tellClients(input, init),
      cookieKeys: ["0123456789012345678901234567890123456789"],
      log,
      now,
      newId,
    });
  }

  /** How many passwords have been hashed. */
  get hashes(): number {
    return this.#passwords.count;
  }

  static async open(): Promise<AuthServer> {
    const stores = openEmbeddedStores(
      { kind: "embedded", path: ":memory:" },
      ciphersOf(new TestKeyRing()),
    );
    const [server] = await AuthServer.openAll([stores]);
    return server!;
  }

  /** Replicas of one server, each on stores of its own, which go with it. */
  static async openAll(stores: readonly Stores[]): Promise<readonly AuthServer[]> {
    const keys = { keys: [await aSigningKey("test")] };
    return stores.map((own) => new AuthServer(keys, own));
  }

  /** Asks `path`, by the host of the edge unless a whole URL is given. */
  async fetch(
    path: string,
    init: RequestInit = {},
    clientAddress = "192.0.2.1",
    clientCertificate?: ClientCertificate,
  ): Promise<Response> {
    const request = new Request(new URL(path, audience), init);
    const trail = { ...this.stores, log: silentLogger, now: () => this.now };
    const answer = () => this.#app.fetch(request, { clientAddress, clientCertificate });
    return await withAuditTrail(answer, clientAddress, trail);
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
    await this.#mail[Symbol.asyncDispose]();
    this.#passwords[Symbol.dispose]();
    await this.stores[Symbol.asyncDispose]();
  }
}
