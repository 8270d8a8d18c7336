import { Problem, problemTypes } from "platform/problem";
import type { AccountAccess, SignedIn } from "./account_access.ts";
import { accountSignInPath } from "./account_client.ts";
import {
  type Account,
  type AccountChange,
  AuthError,
  factorsOf,
  hasSecondFactor,
  type NoticeKind,
  type Passkey,
  PasskeyName,
  renamedPasskey,
  withoutPasskey,
  withoutTotp,
  withPasskey,
  withRecoveryCodes,
  withTotp,
} from "./domain/mod.ts";
import type { FormFields } from "./form_body.ts";
import type { OidcRequest } from "./interaction.ts";
import type { MailDelivery } from "./mail_delivery.ts";
import { paths } from "./page_paths.ts";
import {
  factorsPage,
  type PageOptions,
  pageResponse,
  recoveryCodesPage,
  totpSetupPage,
} from "./pages/mod.ts";
import { passkeyRefused } from "./passkey_answers.ts";
import type { Passkeys } from "./passkeys.ts";
import { refuseOtherSignIn } from "./pending_sign_ins.ts";
import type { UserStore } from "./ports.ts";
import type { RecoveryCodes } from "./recovery_codes.ts";
import { refusalOf } from "./refusal.ts";
import { seeOther } from "./see_other.ts";
import { normalTotpCode, totpStepOf, totpUri } from "./totp.ts";
import type { TotpSetups } from "./totp_setups.ts";
import { deviceOf } from "./user_agent.ts";

/** How long ago somebody may have signed in who adds or removes what they sign in by. */
export const recentSeconds = 600;

export interface FactorPagesDependencies {
  readonly issuer: string;
  readonly access: AccountAccess;
  readonly users: UserStore;
  readonly passkeys: Passkeys;
  readonly setups: TotpSetups;
  readonly recovery: RecoveryCodes;
  readonly mail: MailDelivery;
  readonly now: () => Date;
}

/** What has come of something, to be told on the page. */
interface Told extends PageOptions {
  readonly alert?: string;
}

/**
 * What people see and change of how they sign in. Whoever finds a browser that was left signed in adds and
 * removes nothing: that needs a sign-in of a moment ago, with all that the account has, or a step that
 * one of these has begun in this session.
 */
export class FactorPages {
  readonly #dependencies: FactorPagesDependencies;

  constructor(dependencies: FactorPagesDependencies) {
    this.#dependencies = dependencies;
  }

  show(c: OidcRequest): Promise<Response> {
    const { access } = this.#dependencies;
    return access.show(c, paths.factors, (who) => Promise.resolve(this.#page(c, who)));
  }

  change(c: OidcRequest): Promise<Response> {
    const { access } = this.#dependencies;
    return access.take(c, paths.factors, async (who, fields) => {
      try {
        return await this.#begun(who, fields) ?? await this.#begin(c, who, fields);
      } catch (thrown) {
        const { alert, status, headers } = refusalOf(thrown);
        return this.#page(c, who, { alert, status, headers });
      }
    });
  }

  /** What the browser's script makes a passkey by. */
  creationOptions(c: OidcRequest): Promise<Response> {
    const { access, passkeys } = this.#dependencies;
    return access.take(c, paths.factors, async (who) => {
      if (!this.#isRecent(who)) {
        throw new Problem(problemTypes.forbidden, { detail: "Sign in again to add a passkey." });
      }
      const options = await passkeys.creationOptions(who.account, who.sessionUid);
      return Response.json(options, { headers: { "cache-control": "no-store" } });
    });
  }

  /** What needs no recent sign-in: it goes on with something that had one, or opens no door. */
  async #begun(who: SignedIn, fields: FormFields): Promise<Response | undefined> {
    if (fields["confirm"] !== undefined) return await this.#confirmTotp(who, fields["confirm"]);
    if (fields["passkey"] !== undefined) return await this.#addPasskey(who, fields);
    const { rename: id } = fields;
    if (id === undefined) return undefined;
    const name = nameOf(fields);
    await this.#update(who, undefined, (account) => renamedPasskey(account, id, name));
    return seeOther(paths.factors);
  }

  async #begin(
    c: OidcRequest,
    who: SignedIn,
    { action, remove }: FormFields,
  ): Promise<Response> {
    const { access, now } = this.#dependencies;
    if (!this.#isRecent(who)) return access.signInFirst(paths.factors, recentSeconds);
    if (action === "begin_totp") return await this.#beginTotp(who);
    if (action === "renew_recovery_codes") return await this.#renewRecoveryCodes(who);
    if (action === "remove_totp") {
      await this.#update(who, "totp_removed", (account) => withoutTotp(account, now()));
    } else if (remove !== undefined) {
      const change = (account: Account) => withoutPasskey(account, remove, now());
      await this.#update(who, "passkey_removed", change);
    } else return this.#page(c, who, { status: 422 });
    return seeOther(paths.factors);
  }

  async #beginTotp({ account, sessionUid, formToken }: SignedIn): Promise<Response> {
    if (factorsOf(account).totp) {
      throw new AuthError("factor_taken", "There is an authenticator app already");
    }
    const secret = await this.#dependencies.setups.begin({
      session: sessionUid,
      owner: account.id,
    });
    const uri = totpUri(secret, account.email);
    return pageResponse(totpSetupPage({ formToken, secret, uri }));
  }

  async #confirmTotp(who: SignedIn, typed: string): Promise<Response> {
    const { setups, recovery, now } = this.#dependencies;
    const { account: { id, email }, sessionUid, formToken } = who;
    const place = { session: sessionUid, owner: id };
    const secret = await setups.find(place);
    if (!secret) throw new AuthError("sign_in_over", "Setting up the app took too long");
    const usedStep = totpStepOf(secret, normalTotpCode(typed), now());
    if (usedStep === undefined) {
      const fault = "This is not the code of now. Look again: it changes every 30 seconds.";
      const page = totpSetupPage({ formToken, secret, uri: totpUri(secret, email), fault });
      return pageResponse(page, { status: 422 });
    }
    const { codes, hashes: recoveryCodes } = recovery.make(id);
    const added = { secret, usedStep, recoveryCodes };
    const isFirst = await this.#update(
      who,
      "totp_added",
      (account) => withTotp(account, added, now()),
    );
    await setups.end(place);
    return isFirst ? showCodes(codes, "The app is set up.") : seeOther(paths.factors);
  }

  async #addPasskey(who: SignedIn, fields: FormFields): Promise<Response> {
    const { passkeys, recovery, now } = this.#dependencies;
    const { account, sessionUid: session } = who;
    const named = { account, session, name: nameOf(fields) };
    const passkey = await passkeys.created(fields["passkey"] ?? "", named);
    const { codes, hashes: recoveryCodes } = recovery.make(account.id);
    const isFirst = await this.#update(
      who,
      "passkey_added",
      (current) => withPasskey(current, { passkey, recoveryCodes }, now()),
    );
    return isFirst ? showCodes(codes, "The passkey is added.") : seeOther(paths.factors);
  }

  async #renewRecoveryCodes(who: SignedIn): Promise<Response> {
    const { recovery, now } = this.#dependencies;
    const { codes, hashes } = recovery.make(who.account.id);
    await this.#update(
      who,
      "recovery_codes_renewed",
      (account) => withRecoveryCodes(account, hashes, now()),
    );
    return showCodes(codes, "These are your new codes. Those before them are void.");
  }

  /** Changes the account and has its owner told. @returns whether the password was enough before. */
  async #update(
    { account }: SignedIn,
    notice: NoticeKind | undefined,
    change: (current: Account) => AccountChange,
  ): Promise<boolean> {
    const { users, mail } = this.#dependencies;
    const { id } = account;
    const tell = notice && await mail.announce(notice, account);
    let wasEnough = false;
    await users.update(id, { owner: id }, (current) => {
      refuseOtherSignIn(account, current);
      wasEnough = !hasSecondFactor(current);
      return change(current);
    });
    if (tell) tell();
    return wasEnough;
  }

  #isRecent({ signedInAt }: SignedIn): boolean {
    const ageMs = this.#dependencies.now().getTime() - signedInAt.getTime();
    return Math.floor(ageMs / 1_000) <= recentSeconds;
  }

  #page(c: OidcRequest, who: SignedIn, { alert, ...options }: Told = {}): Response {
    const { account, formToken } = who;
    const { totp, passkeys, recoveryCodes } = factorsOf(account);
    const page = factorsPage({
      formToken,
      alert,
      totpSince: totp && day(totp.confirmedAt),
      passkeys: passkeys.map(rowOf),
      deviceName: deviceOf(c.req.header("user-agent") ?? ""),
      recoveryCodesLeft: recoveryCodes.length,
      signInAgain: this.#isRecent(who)
        ? undefined
        : accountSignInPath(this.#dependencies.issuer, paths.factors, recentSeconds),
    });
    return pageResponse(page, { ...options, script: true });
  }
}

/** @throws {AuthError} `passkey_refused` */
function nameOf({ name }: FormFields): string {
  const given = PasskeyName.safeParse(name);
  if (!given.success) throw passkeyRefused(given.error);
  return given.data;
}

function showCodes(codes: readonly string[], done: string): Response {
  return pageResponse(recoveryCodesPage({ codes, done }));
}

function rowOf({ id, name, createdAt, lastUsedAt, isBackedUp }: Passkey) {
  const used = lastUsedAt === undefined ? "never used yet" : `last used on ${day(lastUsedAt)}`;
  const lines = [`Added on ${day(createdAt)}, ${used}`];
  if (isBackedUp) lines.push("Synchronised between your devices");
  return { id, name, lines };
}

function day(at: string): string {
  return new Date(at).toLocaleDateString("en-GB", { dateStyle: "long", timeZone: "UTC" });
}
