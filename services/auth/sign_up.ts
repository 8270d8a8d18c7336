import { z } from "zod";
import { AnonymousForms, formExpired } from "./anonymous_form.ts";
import { AuthError, emailKey, NewUser, signedUp, UserId } from "./domain/mod.ts";
import { type FormFields, readForm } from "./form_body.ts";
import type { FormGuard } from "./form_guard.ts";
import type { OidcRequest } from "./interaction.ts";
import type { MailDelivery } from "./mail_delivery.ts";
import type { OneTimeLinks } from "./one_time_links.ts";
import { paths } from "./page_paths.ts";
import {
  messagePage,
  pageResponse,
  signUpLinkPage,
  signUpPage,
  type SignUpPageProps,
} from "./pages/mod.ts";
import { refuseWeak } from "./password_change.ts";
import type { PasswordList, Passwords, SignInAttempts, UserStore } from "./ports.ts";
import { refusalOf } from "./refusal.ts";

export interface SignUpDependencies {
  readonly guard: FormGuard;
  readonly mail: MailDelivery;
  readonly links: OneTimeLinks;
  readonly users: UserStore;
  readonly passwords: Passwords;
  readonly commonPasswords: PasswordList;
  readonly attempts: SignInAttempts;
  readonly now: () => Date;
  readonly newId: () => string;
}

const LinkPayload = z.object({ email: z.string(), name: z.string(), passwordHash: z.string() });

const faultTexts = {
  name: "Tell us a name of up to 200 characters.",
  email: "This is no e-mail address.",
  password: "A password has 12 to 128 characters.",
} as const;

/**
 * Signing up in two steps, the second one by a link in a mail. So the page can say the same to everybody:
 * whether there is an account already, only the owner of the address learns.
 */
export class SignUp {
  readonly #dependencies: SignUpDependencies;
  readonly #forms: AnonymousForms;

  constructor(dependencies: SignUpDependencies) {
    this.#dependencies = dependencies;
    this.#forms = new AnonymousForms(dependencies.guard);
  }

  async show(c: OidcRequest): Promise<Response> {
    if (!this.#dependencies.mail.isPossible) return noMail();
    return await this.#form(c, 200, {});
  }

  async submit(c: OidcRequest): Promise<Response> {
    const { fields, isOwn } = await this.#forms.take(c);
    if (!this.#dependencies.mail.isPossible) return noMail();
    const shown = { name: fields["name"] ?? "", email: fields["email"] ?? "" };
    if (!isOwn) return await this.#form(c, 403, { ...shown, alert: formExpired });
    const { name, email, password } = fields;
    const given = NewUser.safeParse({ name, email, password });
    if (!given.success) {
      return await this.#form(c, 422, { ...shown, faults: faultsOf(given.error) });
    }
    try {
      await this.#ask(given.data, c.env?.clientAddress ?? "");
      return lookIntoYourMail();
    } catch (thrown) {
      const { code, status, headers, alert } = refusalOf(thrown);
      const told = code === "password_refused" ? { faults: { password: alert } } : { alert };
      return await this.#form(c, status, { ...shown, ...told }, headers);
    }
  }

  async showLink(c: OidcRequest): Promise<Response> {
    const token = c.req.query("token") ?? "";
    const payload = await this.#dependencies.links.look("SignUp", token);
    if (!payload) return linkExpired();
    const { email } = LinkPayload.parse(payload);
    return pageResponse(signUpLinkPage({ token, email }));
  }

  async submitLink(c: OidcRequest): Promise<Response> {
    const { guard, links } = this.#dependencies;
    guard.refuseForeign(c.req.raw);
    const { token = "" }: FormFields = await readForm(c.req.raw);
    const payload = await links.use("SignUp", token);
    if (!payload) return linkExpired();
    return await this.#finish(LinkPayload.parse(payload));
  }

  /** The same work for every address. @throws {AuthError} `password_refused`, `too_many_attempts`, `busy` */
  async #ask({ email, name, password }: NewUser, address: string): Promise<void> {
    const { mail, passwords, commonPasswords, attempts, now } = this.#dependencies;
    await refuseWeak(password, { email, name }, commonPasswords);
    await attempts.begin(emailKey(email), address, now(), "mail");
    const passwordHash = await passwords.hash(password);
    await mail.ask({ kind: "sign_up", email, name, passwordHash });
  }

  async #finish(person: z.output<typeof LinkPayload>): Promise<Response> {
    const { users, now, newId } = this.#dependencies;
    const stamp = { id: UserId.parse(newId()), at: now() };
    const next = { href: paths.account, label: "Sign in" };
    try {
      await users.insert(signedUp({ ...person, roles: ["customer"] }, stamp));
    } catch (thrown) {
      if (!(thrown instanceof AuthError) || thrown.code !== "email_taken") throw thrown;
      const lines = ["There is an account with this address by now. Sign in to it."];
      return pageResponse(messagePage({ title: "You have an account", lines, next }));
    }
    const lines = ["Your account is made. You may go back to where you came from, or sign in."];
    return pageResponse(messagePage({ title: "Welcome", lines, next }));
  }

  async #form(
    c: OidcRequest,
    status: number,
    shown: Omit<SignUpPageProps, "formToken">,
    extraHeaders: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const { token, headers } = await this.#forms.give(c);
    const page = signUpPage({ formToken: token, ...shown });
    return pageResponse(page, { status, headers: { ...headers, ...extraHeaders } });
  }
}

function faultsOf({ issues }: z.ZodError): Partial<Record<keyof typeof faultTexts, string>> {
  const names = new Set(issues.map(({ path }) => path[0]));
  return Object.fromEntries(Object.entries(faultTexts).filter(([name]) => names.has(name)));
}

function lookIntoYourMail(): Response {
  const lines = [
    "We have sent you a mail. Open the link in it to finish: it is good for an hour.",
    "Nothing there? Look into the folder for unwanted mail.",
  ];
  return pageResponse(messagePage({ title: "Look into your mail", lines }));
}

function linkExpired(): Response {
  const lines = ["A link from a mail is good once, and for a short time."];
  const next = { href: paths.signUp, label: "Begin again" };
  return pageResponse(messagePage({ title: "This link has expired", lines, next }), {
    status: 400,
  });
}

/** Nothing is promised that cannot be kept. */
export function noMail(): Response {
  const lines = ["This place sends no mail, which is needed for it. Ask whoever runs it."];
  return pageResponse(messagePage({ title: "Not possible here", lines }), { status: 503 });
}
