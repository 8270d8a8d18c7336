import type { Context } from "hono";
import { z } from "zod";
import { readBytes } from "platform/http";
import { Problem, problemTypes } from "platform/problem";
import type { Client } from "./clients.ts";
import { type Account, AuthError, emailKey } from "./domain/mod.ts";
import { newGrant } from "./first_party_grant.ts";
import { toNodeExchange } from "./node_bridge.ts";
import type {
  AuthorizationServer,
  OidcInteraction,
  OidcInteractionResult,
} from "./oidc_provider.ts";
import { errorPage, loginPage, pageHeaders } from "./pages/mod.ts";
import type { Passwords, SignInAttempts, UserStore } from "./ports.ts";
import { authProblems, retryAfterHeaders } from "./problems.ts";
import { verifyAttempt } from "./verify_attempt.ts";

/** What the way in needs to know of where a request came from. */
export interface OidcBindings {
  /** The network address of the browser, as far as it is known. */
  readonly clientAddress?: string;
}
export type OidcRequest = Context<{ Bindings: OidcBindings }>;

export interface InteractionDependencies {
  /** The authorization server, with the signing keys in force. */
  readonly serverNow: () => AuthorizationServer;
  readonly issuer: string;
  readonly audience: string;
  readonly clients: readonly Client[];
  readonly users: UserStore;
  readonly passwords: Passwords;
  readonly attempts: SignInAttempts;
  readonly now: () => Date;
}

/** One message for every reason: it must not say which addresses have an account. */
const wrong = "The e-mail address or the password is not right.";
const formLimits = { bytesMax: 4_096, timeoutMs: 10_000 };

const Credentials = z.object({
  email: z.string().min(1).max(254).transform(emailKey),
  password: z.string().min(1).max(512),
});

interface Visit {
  readonly interaction: OidcInteraction;
  readonly client: Client;
  /** Keeps the outcome and sends the browser on. */
  readonly finish: (result: OidcInteractionResult) => Promise<Response>;
}

/** The pages on which a person does what an authorization request waits for. */
export class Interactions {
  readonly #dependencies: InteractionDependencies;

  constructor(dependencies: InteractionDependencies) {
    this.#dependencies = dependencies;
  }

  async show(c: OidcRequest): Promise<Response> {
    const visit = await this.#visit(c);
    if (!visit) return await expired();
    const settled = await this.#settle(visit);
    if (settled) return settled;
    const hint = visit.interaction.params["login_hint"];
    return await this.#form(visit, 200, { email: typeof hint === "string" ? hint : "" });
  }

  async submit(c: OidcRequest): Promise<Response> {
    const credentials = Credentials.safeParse(await readForm(c.req.raw));
    const visit = await this.#visit(c);
    if (!visit) return await expired();
    const settled = await this.#settle(visit);
    if (settled) return settled;
    if (!credentials.success) return await this.#form(visit, 422, { email: "", alert: wrong });
    const { email } = credentials.data;
    try {
      const account = await this.#signIn(credentials.data, c.env?.clientAddress ?? "");
      if (!account) return await this.#form(visit, 422, { email, alert: wrong });
      return await visit.finish({ login: { accountId: account.id, amr: ["pwd"] } });
    } catch (thrown) {
      if (!(thrown instanceof AuthError)) throw thrown;
      const { code, message, retryAfterSeconds } = thrown;
      const headers = retryAfterHeaders(retryAfterSeconds);
      const alert = `${message}. Try again in ${retryAfterSeconds} seconds.`;
      return await this.#form(visit, authProblems[code].status, { email, alert }, headers);
    }
  }

  /** @returns the account that these are the credentials of, if it may sign in. */
  async #signIn(
    { email, password }: z.output<typeof Credentials>,
    address: string,
  ): Promise<Account | undefined> {
    const { users, passwords, attempts, now } = this.#dependencies;
    const attempt = await attempts.begin(email, address, now());
    const account = await users.findByEmail(email);
    const matches = await verifyAttempt(passwords, {
      password,
      hash: account?.passwordHash,
      attempt,
    });
    if (!matches || account?.status !== "active") return undefined;
    await attempt.succeeded();
    return account;
  }

  /** What needs no form: other people's clients are refused, and our own need no consent. */
  async #settle({ interaction, client, finish }: Visit): Promise<Response | undefined> {
    const { serverNow, audience } = this.#dependencies;
    if (!client.first_party) {
      return await finish({
        error: "access_denied",
        error_description: "this client is not one of the platform's own",
      });
    }
    if (interaction.prompt.name !== "consent") return undefined;
    const owner = { accountId: interaction.session!.accountId!, clientId: client.client_id };
    const { jti: grantId } = await newGrant(serverNow().provider, owner, audience);
    return await finish({ consent: { grantId } });
  }

  /** Nothing when the browser has no such interaction under way: it must show the cookie for it. */
  async #visit(c: OidcRequest): Promise<Visit | undefined> {
    const { serverNow, issuer, clients } = this.#dependencies;
    const { provider } = serverNow();
    const request = new Request(c.req.url, { headers: c.req.raw.headers });
    const { req, res } = await toNodeExchange(request, issuer);
    const interaction = await provider.interactionDetails(req, res).catch(ifNotFound);
    if (interaction?.uid !== c.req.param("uid")) return undefined;
    const client = clients.find(({ client_id: id }) => id === interaction?.params["client_id"]);
    if (!interaction || !client) return undefined;
    const finish = async (result: OidcInteractionResult) => {
      const options = { mergeWithLastSubmission: true };
      const location = await provider.interactionResult(req, res, result, options);
      return new Response(null, {
        status: 303,
        headers: { location, "cache-control": "no-store" },
      });
    };
    return { interaction, client, finish };
  }

  async #form(
    { interaction, client }: Visit,
    status: number,
    shown: { readonly email: string; readonly alert?: string },
    extraHeaders: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const clientName = client.client_name ?? client.client_id;
    const redirectUri = String(interaction.params["redirect_uri"]);
    const headers = { ...pageHeaders([redirectUri]), ...extraHeaders };
    return new Response(await loginPage({ clientName, ...shown }), { status, headers });
  }
}

async function expired(): Promise<Response> {
  return new Response(await errorPage("session_expired"), {
    status: 400,
    headers: pageHeaders([]),
  });
}

function ifNotFound(thrown: unknown): undefined {
  if (thrown instanceof Error && thrown.name === "SessionNotFound") return undefined;
  throw thrown;
}

async function readForm(request: Request): Promise<Readonly<Record<string, string>>> {
  const mediaType = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/x-www-form-urlencoded") {
    throw new Problem(problemTypes.unsupportedMediaType, {
      detail: "The form must be application/x-www-form-urlencoded",
    });
  }
  const bytes = await readBytes(request, formLimits);
  return Object.fromEntries(new URLSearchParams(new TextDecoder().decode(bytes)));
}
