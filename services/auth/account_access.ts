import { note } from "./audit_trail.ts";
import { z } from "zod";
import { accountSignInPath } from "./account_client.ts";
import { type Account, isSignInValid } from "./domain/mod.ts";
import { type FormFields, readForm } from "./form_body.ts";
import { type FormGuard, formTokenField } from "./form_guard.ts";
import type { OidcRequest } from "./interaction.ts";
import { toNodeExchange } from "./node_bridge.ts";
import type { AuthorizationServer } from "./oidc_provider.ts";
import type { AccountPath } from "./page_paths.ts";
import { errorPage, messagePage, pageResponse } from "./pages/mod.ts";
import type { UserStore } from "./ports.ts";
import { seeOther } from "./see_other.ts";
import type { SessionVisits } from "./session_visits.ts";

/** Somebody who is signed in, in the browser that asks. */
export interface SignedIn {
  readonly account: Account;
  /** Of the session: the same for as long as it lasts, and no secret. */
  readonly sessionUid: string;
  readonly signedInAt: Date;
  /** What every form on the page must carry. */
  readonly formToken: string;
}

export interface AccountAccessOptions {
  readonly serverNow: () => AuthorizationServer;
  readonly issuer: string;
  readonly users: UserStore;
  readonly visits: SessionVisits;
  readonly guard: FormGuard;
}

const OauthError = z.string().regex(/^[a-z_]{1,64}$/);

/**
 * The way to the account pages: by the session of the authorization server itself. There is no other to keep
 * safe, and none left when it ends.
 */
export class AccountAccess {
  readonly #options: AccountAccessOptions;

  constructor(options: AccountAccessOptions) {
    this.#options = options;
  }

  /** Shows a page to who is signed in; others sign in first, and come back. */
  async show(
    c: OidcRequest,
    path: AccountPath,
    page: (signedIn: SignedIn) => Promise<Response>,
  ): Promise<Response> {
    const signedIn = await this.#signedIn(c);
    if (signedIn) return await page(signedIn);
    // Who did not sign in is told so, instead of being asked for ever.
    const error = OauthError.safeParse(c.req.query("error"));
    if (error.success) return pageResponse(errorPage(error.data), { status: 400 });
    return this.signInFirst(path);
  }

  /** Takes a form from who is signed in, if it is one of ours, given to this very session. */
  async take(
    c: OidcRequest,
    path: AccountPath,
    act: (signedIn: SignedIn, fields: FormFields) => Promise<Response>,
  ): Promise<Response> {
    const { guard } = this.#options;
    guard.refuseForeign(c.req.raw);
    const fields = await readForm(c.req.raw);
    const signedIn = await this.#signedIn(c);
    if (!signedIn) return this.signInFirst(path);
    if (!await guard.isOwn(bindingOf(signedIn.sessionUid), fields[formTokenField])) {
      return formExpired(path);
    }
    return await act(signedIn, fields);
  }

  /** @param maxAgeSeconds how long ago the person may have signed in, if not at any time. */
  signInFirst(path: AccountPath, maxAgeSeconds?: number): Response {
    const location = accountSignInPath(this.#options.issuer, path, maxAgeSeconds);
    return seeOther(location);
  }

  async #signedIn(c: OidcRequest): Promise<SignedIn | undefined> {
    const { serverNow, issuer, users, visits, guard } = this.#options;
    const request = new Request(c.req.url, { headers: c.req.raw.headers });
    const { req, res } = await toNodeExchange(request, issuer);
    const { uid, accountId, loginTs } = await serverNow().provider.Session.get({ req, res });
    if (accountId === undefined || loginTs === undefined) return undefined;
    const account = await users.find(accountId, { owner: accountId });
    if (account?.status !== "active" || !isSignInValid(account, loginTs)) return undefined;
    note({ actor: accountId });
    const userAgent = c.req.header("user-agent") ?? "";
    await visits.record({ uid, accountId, userAgent, address: c.env?.clientAddress ?? "" });
    return {
      account,
      sessionUid: uid,
      signedInAt: new Date(loginTs * 1_000),
      formToken: await guard.tokenFor(bindingOf(uid)),
    };
  }
}

function formExpired(path: AccountPath): Response {
  const lines = ["Nothing has been changed. Open the page again, and send the form from there."];
  const next = { href: path, label: "Open the page" };
  return pageResponse(messagePage({ title: "This form has expired", lines, next }), {
    status: 403,
  });
}

function bindingOf(sessionUid: string): string {
  return `session ${sessionUid}`;
}
