import { equal } from "node:assert/strict";
import { audience, type AuthServer, redirectUri } from "./auth_server.ts";

const rootPassword = "an admin's own password";

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
  readonly #traits: Readonly<Record<string, string>>;
  readonly #cookies = new Map<string, { value: string; path: string }>();
  /** The page that it is on. */
  at = "";
  readonly verifier = crypto.randomUUID() + crypto.randomUUID();

  /** @param traits headers that it sends with everything. */
  constructor(server: AuthServer, traits: Readonly<Record<string, string>> = {}) {
    this.#server = server;
    this.#traits = traits;
  }

  /** The same browser as it is now, whose requests another replica gets. */
  through(server: AuthServer): Browser {
    const same = new Browser(server, this.#traits);
    for (const [name, cookie] of this.#cookies) same.#cookies.set(name, cookie);
    return same;
  }

  /** @param everywhere sends all cookies, also those that belong to other paths. */
  async get(url: string, everywhere = false): Promise<Response> {
    const headers = this.#headers(url, everywhere);
    this.at = url;
    return this.#keep(await this.#server.fetch(url, { headers }));
  }

  async post(
    url: string,
    form: Readonly<Record<string, string>>,
    extraHeaders: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const headers = { ...this.#headers(url), ...extraHeaders };
    return this.#keep(await this.#server.post(url, form, { headers }));
  }

  /** Opens a page, fills its first form in, with what it hides, and sends it. */
  async fill(
    url: string,
    fields: Readonly<Record<string, string>>,
    extraHeaders: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const page = await (await this.follow(await this.get(url))).text();
    const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1] ?? this.at.split("?")[0]!;
    return await this.post(action, { ...hiddenFields(page), ...fields }, extraHeaders);
  }

  /** Signs in to an account page. @returns the page. */
  async openAccount(path: string, email: string, password: string): Promise<string> {
    const form = await this.follow(await this.get(path));
    if (!this.at.includes("/interaction/")) return await form.text();
    const page = await this.follow(await this.post(this.at, { email, password }));
    equal(page.status, 200);
    return await page.text();
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
      const next = new URL(location, audience);
      if (next.origin !== audience) return response;
      response = await this.get(next.href);
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

  #headers(url: string, everywhere = false): Record<string, string> {
    const { pathname } = new URL(url, audience);
    const cookies = [...this.#cookies].filter(([, { path }]) =>
      everywhere || pathname.startsWith(path)
    );
    return {
      accept: "text/html",
      ...this.#traits,
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

/** Has an admin disable the user. */
export async function disable(server: AuthServer, id: string): Promise<void> {
  await server.addUser("root@example.com", rootPassword, ["admin"]);
  const { access_token: token } = await new Browser(server).tokens(
    "root@example.com",
    rootPassword,
  );
  equal((await server.call("POST", `/users/${id}/disable`, { token })).status, 200);
}

function hiddenFields(page: string): Record<string, string> {
  const inputs = page.split("</form>")[0]!.match(/<input type="hidden"[^>]*>/g) ?? [];
  return Object.fromEntries(inputs.map((input) => [
    /name="([^"]*)"/.exec(input)![1]!,
    /value="([^"]*)"/.exec(input)![1]!,
  ]));
}
