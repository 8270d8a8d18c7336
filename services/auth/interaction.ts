import type { Context } from "hono";
import { Problem, problemTypes } from "platform/problem";
import type { ClientCertificate } from "./client_certificate.ts";
import { type Client, isFirstParty } from "./clients.ts";
import { allowed, denied, destinationOf, rightsOf } from "./consent.ts";
import { newGrant } from "./first_party_grant.ts";
import { type FormFields, readForm } from "./form_body.ts";
import type { FormGuard } from "./form_guard.ts";
import { toNodeExchange } from "./node_bridge.ts";
import { redirectsOf } from "./redirects.ts";
import type {
  AuthorizationServer,
  OidcClient,
  OidcInteraction,
  OidcInteractionResult,
} from "./oidc_provider.ts";
import { consentPage, errorPage, pageResponse } from "./pages/mod.ts";
import { seeOther } from "./see_other.ts";
import { SignIn, type SignInDependencies } from "./sign_in.ts";

/** What the way in needs to know of where a request came from. */
export interface OidcBindings {
  /** The network address of the browser, as far as it is known. */
  readonly clientAddress?: string;
  /** Whose connection it came by. */
  readonly peer?: { readonly spiffeId: string };
  /** By which the client has shown itself at the edge for mutual TLS. */
  readonly clientCertificate?: ClientCertificate | undefined;
}
export type OidcRequest = Context<{ Bindings: OidcBindings }>;

export interface InteractionDependencies extends SignInDependencies {
  /** The authorization server, with the signing keys in force. */
  readonly serverNow: () => AuthorizationServer;
  readonly audience: string;
  readonly clients: readonly Client[];
  readonly guard: FormGuard;
}

/** An authorization request that waits for the person in this browser. */
export interface Visit {
  readonly interaction: OidcInteraction;
  readonly client: OidcClient;
  /** Keeps the outcome and sends the browser on. */
  readonly finish: (result: OidcInteractionResult) => Promise<Response>;
}

/**
 * The pages on which a person does what an authorization request waits for.
 *
 * Their forms carry no token besides their address: nobody else can know it, and it must be the one that
 * the browser's cookie names. So nobody signs another's browser in, either.
 */
export class Interactions {
  readonly #dependencies: InteractionDependencies;
  readonly #signIn: SignIn;

  constructor(dependencies: InteractionDependencies) {
    this.#dependencies = dependencies;
    this.#signIn = new SignIn(dependencies);
  }

  async show(c: OidcRequest): Promise<Response> {
    const visit = await this.#visit(c);
    if (!visit) return expired();
    if (visit.interaction.prompt.name === "consent") {
      return await this.#consentIfOwn(visit) ?? await this.#askConsent(visit);
    }
    return await this.#signIn.show(visit);
  }

  async submit(c: OidcRequest): Promise<Response> {
    this.#dependencies.guard.refuseForeign(c.req.raw);
    const fields = await readForm(c.req.raw);
    const visit = await this.#visit(c);
    if (!visit) return expired();
    if (visit.interaction.prompt.name === "consent") return await this.#consent(visit, fields);
    return await this.#signIn.submit(visit, fields, c.env?.clientAddress ?? "");
  }

  /** What the browser's script asks an authenticator by. */
  async passkeyOptions(c: OidcRequest): Promise<Response> {
    this.#dependencies.guard.refuseForeign(c.req.raw);
    const visit = await this.#visit(c);
    if (visit?.interaction.prompt.name !== "login") {
      throw new Problem(problemTypes.forbidden, { detail: "The sign-in is over. Begin again." });
    }
    return await this.#signIn.passkeyOptions(visit);
  }

  async #consent(visit: Visit, { consent }: FormFields): Promise<Response> {
    const own = await this.#consentIfOwn(visit);
    if (own) return own;
    if (consent === "deny") return await visit.finish(denied);
    if (consent !== "allow") return await this.#askConsent(visit);
    const { provider } = this.#dependencies.serverNow();
    return await visit.finish(await allowed(provider, visit.interaction));
  }

  /** The platform's own clients need no consent. */
  async #consentIfOwn({ interaction, client, finish }: Visit): Promise<Response | undefined> {
    const { serverNow, audience, clients } = this.#dependencies;
    if (!isFirstParty(clients, client.clientId)) return undefined;
    const owner = { accountId: interaction.session!.accountId!, clientId: client.clientId };
    const { jti: grantId } = await newGrant(serverNow().provider, owner, audience);
    return await finish({ consent: { grantId } });
  }

  /** Nothing when the browser has no such interaction under way: it must show the cookie for it. */
  async #visit(c: OidcRequest): Promise<Visit | undefined> {
    const { serverNow, issuer } = this.#dependencies;
    const { provider } = serverNow();
    const request = new Request(c.req.url, { headers: c.req.raw.headers });
    const { req, res } = await toNodeExchange(request, issuer);
    const interaction = await provider.interactionDetails(req, res).catch(ifNotFound);
    if (interaction?.uid !== c.req.param("uid")) return undefined;
    const client = await provider.Client.find(String(interaction?.params["client_id"]));
    if (!interaction || !client) return undefined;
    const finish = async (result: OidcInteractionResult) => {
      const options = { mergeWithLastSubmission: true };
      const location = await provider.interactionResult(req, res, result, options);
      return seeOther(location);
    };
    return { interaction, client, finish };
  }

  async #askConsent({ interaction, client }: Visit): Promise<Response> {
    const { accountId } = interaction.session!;
    const account = await this.#dependencies.users.find(accountId!, { owner: accountId! });
    if (!account) return expired();
    const goesOnTo = redirectsOf(interaction);
    const page = consentPage({
      clientName: nameOf(client),
      destination: goesOnTo.map(destinationOf)[0] ?? "a device that you have connected",
      email: account.email,
      rights: rightsOf(String(interaction.params["scope"] ?? "")),
    });
    return pageResponse(page, { goesOnTo });
  }
}

function nameOf({ clientId, clientName }: OidcClient): string {
  return clientName ?? clientId;
}

function expired(): Response {
  return pageResponse(errorPage("session_expired"), { status: 400 });
}

function ifNotFound(thrown: unknown): undefined {
  if (thrown instanceof Error && thrown.name === "SessionNotFound") return undefined;
  throw thrown;
}
