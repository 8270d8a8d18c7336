import type { Logger } from "platform/telemetry";
import { WorkRunner } from "platform/work";
import {
  type Account,
  emailKey,
  MailRefusedError,
  type NoticeKind,
  type OutgoingMail,
  type QueuedMail,
} from "./domain/mod.ts";
import {
  alreadySignedUpText,
  type MailText,
  noticeText,
  resetText,
  signUpText,
} from "./mail_texts.ts";
import { OneTimeLinks } from "./one_time_links.ts";
import { paths } from "./page_paths.ts";
import type { GrantStore, Mailer, MailStore, UserStore } from "./ports.ts";

export const resetLifeMs = 900_000;
export const signUpLifeMs = 3_600_000;
/** Mail that could not be sent for as long is given up: nobody waits for it any more. */
export const mailLifeMs = 3_600_000;
/** More than the change takes that a notice tells of, until its deadline. */
export const noticeDelayMs = 15_000;

export interface MailDeliveryOptions {
  readonly mails: MailStore;
  readonly users: UserStore;
  /** Where links are kept until they are used. */
  readonly grants: GrantStore;
  /** Without one, nothing is sent. */
  readonly mailer: Mailer | undefined;
  readonly issuer: string;
  readonly log: Logger;
  readonly now: () => Date;
  readonly newId: () => string;
}

/**
 * Sends mail behind the answers. What is asked for is on disk before anyone is told so, and only then it
 * is looked whether there is an account: neither text nor time of an answer can tell.
 */
export class MailDelivery implements AsyncDisposable {
  readonly #options: MailDeliveryOptions;
  readonly #links: OneTimeLinks;
  readonly #runner: WorkRunner<string, QueuedMail>;

  constructor(options: MailDeliveryOptions) {
    this.#options = options;
    this.#links = new OneTimeLinks(options);
    this.#runner = new WorkRunner<string, QueuedMail>({
      name: "mail",
      store: options.mails,
      log: options.log,
      now: options.now,
      step: (queued) => this.#send(queued),
      goesOn: () => false,
      isSettled: () => true,
      dueAt: ({ dueAt }) => dueAt,
    });
  }

  /** Whether there is a way out for mail at all. */
  get isPossible(): boolean {
    return this.#options.mailer !== undefined;
  }

  /** Has mail sent for what an address asks for. */
  async ask(mail: Exclude<OutgoingMail, { readonly kind: "notice" }>): Promise<void> {
    this.#runner.wake(await this.#queue(mail, 0));
  }

  /**
   * Has the account's owner told of a change that is about to be made; to be called before it. Without the
   * change, the notice is dropped.
   *
   * @returns to be called when the change is made, so that the notice goes out at once.
   */
  async announce(notice: NoticeKind, { id, version }: Account): Promise<() => void> {
    if (!this.isPossible) return () => {};
    const mail = { kind: "notice", notice, accountId: id, version: version + 1 } as const;
    const queued = await this.#queue(mail, noticeDelayMs);
    return () => this.#runner.wake(queued);
  }

  /** Resolves when nothing is under way any more; what is left stays in the store. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#runner[Symbol.asyncDispose]();
  }

  async #queue(mail: OutgoingMail, delayMs: number): Promise<string> {
    const { mails, now, newId } = this.#options;
    const [id, queuedAt] = [newId(), now()];
    await mails.add({ id, mail, queuedAt, dueAt: new Date(queuedAt.getTime() + delayMs) });
    return id;
  }

  async #send({ id, mail, queuedAt }: QueuedMail): Promise<undefined> {
    const { mails, mailer, log, now } = this.#options;
    const isLate = now().getTime() - queuedAt.getTime() > mailLifeMs;
    if (isLate || !mailer) {
      log.warn("Mail given up", { "mail.kind": mail.kind });
    } else {
      const letter = await this.#letterFor(mail);
      if (letter) await this.#deliver(mailer, { id, ...letter });
    }
    await mails.remove(id);
  }

  async #deliver(mailer: Mailer, message: Parameters<Mailer["send"]>[0]): Promise<void> {
    try {
      await mailer.send(message);
    } catch (thrown) {
      if (!(thrown instanceof MailRefusedError)) throw thrown;
      this.#options.log.failure("Mail refused", thrown);
    }
  }

  /** @returns undefined when there is nothing to say. */
  #letterFor(mail: OutgoingMail): Promise<(MailText & { readonly to: string }) | undefined> {
    if (mail.kind === "reset") return this.#resetLetter(mail.email);
    if (mail.kind === "sign_up") return this.#signUpLetter(mail);
    return this.#noticeLetter(mail);
  }

  async #resetLetter(address: string) {
    const { users } = this.#options;
    const account = await users.findByEmail(emailKey(address));
    if (account?.status !== "active") return undefined;
    const { id, email, name } = account;
    const contents = { owner: id, payload: { accountId: id }, lifeMs: resetLifeMs };
    const link = this.#urlOf(paths.reset, await this.#links.issue("PasswordReset", contents));
    return { to: email, ...resetText({ name, link, minutes: resetLifeMs / 60_000 }) };
  }

  async #signUpLetter(
    { email, name, passwordHash }: Extract<OutgoingMail, { readonly kind: "sign_up" }>,
  ) {
    const { users } = this.#options;
    const there = await users.findByEmail(emailKey(email));
    if (there) {
      const places = {
        accountUrl: this.#urlOf(paths.account),
        forgotUrl: this.#urlOf(paths.forgot),
      };
      return { to: there.email, ...alreadySignedUpText({ name: there.name, ...places }) };
    }
    const contents = { payload: { email, name, passwordHash }, lifeMs: signUpLifeMs };
    const link = this.#urlOf(paths.signUpLink, await this.#links.issue("SignUp", contents));
    return { to: email, ...signUpText({ name, link, minutes: signUpLifeMs / 60_000 }) };
  }

  async #noticeLetter(
    { notice, accountId, version }: Extract<OutgoingMail, { readonly kind: "notice" }>,
  ) {
    const account = await this.#options.users.find(accountId, { owner: accountId });
    if (!account || account.version < version) return undefined;
    const { email, name } = account;
    return { to: email, ...noticeText(notice, { name, forgotUrl: this.#urlOf(paths.forgot) }) };
  }

  #urlOf(path: string, token?: string): string {
    const url = new URL(path, this.#options.issuer);
    // As a query: paths are logged.
    if (token !== undefined) url.searchParams.set("token", token);
    return url.href;
  }
}
