import { z } from "zod";
import { AnonymousForms, formExpired } from "./anonymous_form.ts";
import { type Account, emailKey, Password } from "./domain/mod.ts";
import { readForm } from "./form_body.ts";
import type { FormGuard } from "./form_guard.ts";
import type { OidcRequest } from "./interaction.ts";
import type { OneTimeLinks } from "./one_time_links.ts";
import { paths } from "./page_paths.ts";
import { forgotPage, messagePage, pageResponse, resetPage } from "./pages/mod.ts";
import { type PasswordChangeDependencies, refuseWeak, replacePassword } from "./password_change.ts";
import { refusalOf } from "./refusal.ts";
import { noMail } from "./sign_up.ts";

export interface PasswordResetDependencies extends PasswordChangeDependencies {
  readonly guard: FormGuard;
  readonly links: OneTimeLinks;
}

const Forgotten = z.object({ email: z.email().max(254) });
const LinkPayload = z.object({ accountId: z.string() });

/**
 * A new password for who does not know theirs any more, by a link in a mail that is good once. The answer
 * to who asks is the same for every address, and so is the work that it takes.
 */
export class PasswordReset {
  readonly #dependencies: PasswordResetDependencies;
  readonly #forms: AnonymousForms;

  constructor(dependencies: PasswordResetDependencies) {
    this.#dependencies = dependencies;
    this.#forms = new AnonymousForms(dependencies.guard);
  }

  async showForgot(c: OidcRequest): Promise<Response> {
    if (!this.#dependencies.mail.isPossible) return noMail();
    return await this.#forgotForm(c, 200, {});
  }

  async submitForgot(c: OidcRequest): Promise<Response> {
    const { mail, attempts, now } = this.#dependencies;
    const { fields, isOwn } = await this.#forms.take(c);
    if (!mail.isPossible) return noMail();
    const email = fields["email"] ?? "";
    if (!isOwn) return await this.#forgotForm(c, 403, { email, alert: formExpired });
    const given = Forgotten.safeParse({ email: email.trim() });
    if (!given.success) {
      return await this.#forgotForm(c, 422, { email, fault: "This is no e-mail address." });
    }
    try {
      await attempts.begin(
        emailKey(given.data.email),
        c.env?.clientAddress ?? "",
        now(),
        "mail",
      );
    } catch (thrown) {
      const { status, headers, alert } = refusalOf(thrown);
      return await this.#forgotForm(c, status, { email, alert }, headers);
    }
    await mail.ask({ kind: "reset", email: given.data.email });
    return lookIntoYourMail();
  }

  /** Does not use the link up. */
  async showReset(c: OidcRequest): Promise<Response> {
    const token = c.req.query("token") ?? "";
    const account = await this.#accountOf(
      await this.#dependencies.links.look("PasswordReset", token),
    );
    if (!account) return linkExpired();
    return resetForm(200, { token, email: account.email });
  }

  async submitReset(c: OidcRequest): Promise<Response> {
    const { guard, links, passwords, commonPasswords } = this.#dependencies;
    guard.refuseForeign(c.req.raw);
    const { token = "", password: typed } = await readForm(c.req.raw);
    const account = await this.#accountOf(await links.look("PasswordReset", token));
    if (!account) return linkExpired();
    const { email } = account;
    const password = Password.safeParse(typed);
    if (!password.success) {
      const fault = "A password has 12 to 128 characters.";
      return resetForm(422, { token, email, fault });
    }
    try {
      await refuseWeak(password.data, account, commonPasswords);
      const passwordHash = await passwords.hash(password.data);
      // From here on the link is gone, whatever happens: two that have it never both set a password.
      if (!await links.use("PasswordReset", token)) return linkExpired();
      await replacePassword(account, passwordHash, this.#dependencies);
    } catch (thrown) {
      const { code, status, headers, alert } = refusalOf(thrown);
      const told = code === "password_refused" ? { fault: alert } : { alert };
      return resetForm(status, { token, email, ...told }, headers);
    }
    return passwordSet();
  }

  async #accountOf(payload: unknown): Promise<Account | undefined> {
    if (payload === undefined) return undefined;
    const { accountId } = LinkPayload.parse(payload);
    const account = await this.#dependencies.users.find(accountId, { owner: accountId });
    return account?.status === "active" ? account : undefined;
  }

  async #forgotForm(
    c: OidcRequest,
    status: number,
    shown: Omit<Parameters<typeof forgotPage>[0], "formToken">,
    extraHeaders: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const { token, headers } = await this.#forms.give(c);
    const page = forgotPage({ formToken: token, ...shown });
    return pageResponse(page, { status, headers: { ...headers, ...extraHeaders } });
  }
}

function resetForm(
  status: number,
  shown: Parameters<typeof resetPage>[0],
  headers: Readonly<Record<string, string>> = {},
): Response {
  return pageResponse(resetPage(shown), { status, headers });
}

function lookIntoYourMail(): Response {
  const lines = [
    "If there is an account with this address, a link is on its way. It is good for 15 minutes.",
    "Nothing there? Look into the folder for unwanted mail.",
  ];
  return pageResponse(messagePage({ title: "Look into your mail", lines }));
}

function linkExpired(): Response {
  const lines = ["A link from a mail is good once, and for a short time."];
  const next = { href: paths.forgot, label: "Ask for another" };
  return pageResponse(messagePage({ title: "This link has expired", lines, next }), {
    status: 400,
  });
}

/** Also shown after the account pages have changed it: whoever did so is signed out, too. */
export function passwordSet(): Response {
  const lines = [
    "The new password is in force, and every device is signed out. We have told you so by mail.",
  ];
  const next = { href: paths.account, label: "Sign in" };
  return pageResponse(messagePage({ title: "Your password is changed", lines, next }));
}
