import { note } from "./audit_trail.ts";
import { redirectsOf } from "./redirects.ts";
import { type Authentication, byPassword } from "./authentication.ts";
import { type Account, factorsOf, hasSecondFactor } from "./domain/mod.ts";
import type { FormFields } from "./form_body.ts";
import type { Visit } from "./interaction.ts";
import type { MailDelivery } from "./mail_delivery.ts";
import { passkeyOptionsPath } from "./page_paths.ts";
import { pageResponse, secondStepPage, signInPage } from "./pages/mod.ts";
import { Passkeys } from "./passkeys.ts";
import { accountOf, Credentials, type PasswordStepDependencies } from "./password_step.ts";
import { PendingSignIns } from "./pending_sign_ins.ts";
import type { GrantStore } from "./ports.ts";
import type { RecoveryCodes } from "./recovery_codes.ts";
import { refusalOf } from "./refusal.ts";
import { SecondStep } from "./second_step.ts";

export interface SignInDependencies extends PasswordStepDependencies {
  readonly issuer: string;
  readonly grants: GrantStore;
  readonly recovery: RecoveryCodes;
  readonly mail: MailDelivery;
}

/** One message for every reason: it must not say which addresses have an account. */
const wrong = "The e-mail address or the password is not right.";
const over = "Your sign-in has taken too long, or your account was changed. Begin again.";

/** What is shown again, and why. */
interface Shown {
  readonly recovers?: boolean;
  readonly alert?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The steps of signing in: the password and, for who has one, a second factor; or a passkey alone.
 * How far somebody is lies with us. No step but the last opens a session.
 */
export class SignIn {
  readonly #dependencies: SignInDependencies;
  readonly #pending: PendingSignIns;
  readonly #passkeys: Passkeys;
  readonly #second: SecondStep;

  constructor(dependencies: SignInDependencies) {
    this.#dependencies = dependencies;
    this.#pending = new PendingSignIns(dependencies);
    this.#passkeys = new Passkeys(dependencies);
    this.#second = new SecondStep({ ...dependencies, passkeys: this.#passkeys });
  }

  async show(visit: Visit): Promise<Response> {
    const account = await this.#pending.find(visit.interaction.uid);
    if (account) return this.#askSecond(visit, account);
    const hint = visit.interaction.params["login_hint"];
    return this.#askPassword(visit, typeof hint === "string" ? hint : "");
  }

  /** @param address network that the person is in. */
  async submit(visit: Visit, fields: FormFields, address: string): Promise<Response> {
    const { uid } = visit.interaction;
    if (fields["email"] !== undefined) return await this.#password(visit, fields, address);
    if (fields["restart"] !== undefined) {
      await this.#pending.end(uid);
      return this.#askPassword(visit, "");
    }
    const account = await this.#pending.find(uid);
    if (account) note({ subject: account.id });
    if (account) return await this.#secondFactor(visit, account, fields, address);
    if (fields["passkey"] !== undefined) return await this.#passkey(visit, fields["passkey"]);
    return this.#askPassword(visit, "", { alert: over, status: 422 });
  }

  /** What the browser asks an authenticator by, at the step at which the visit is. */
  async passkeyOptions({ interaction: { uid } }: Visit): Promise<Response> {
    const account = await this.#pending.find(uid);
    const options = await this.#passkeys.requestOptions(uid, account);
    return Response.json(options, { headers: { "cache-control": "no-store" } });
  }

  async #password(visit: Visit, fields: FormFields, address: string): Promise<Response> {
    const credentials = Credentials.safeParse(fields);
    if (!credentials.success) return this.#askPassword(visit, "", { alert: wrong, status: 422 });
    const { email } = credentials.data;
    return await this.#or((shown) => this.#askPassword(visit, email, shown), async () => {
      const account = await accountOf(credentials.data, address, this.#dependencies);
      if (!account) return this.#askPassword(visit, email, { alert: wrong, status: 422 });
      if (!hasSecondFactor(account)) return await this.#finish(visit, account, byPassword);
      await this.#pending.begin(visit.interaction.uid, account);
      return this.#askSecond(visit, account);
    });
  }

  async #secondFactor(
    visit: Visit,
    account: Account,
    fields: FormFields,
    address: string,
  ): Promise<Response> {
    const place = { visit: visit.interaction.uid, address };
    const recovers = fields["recovery_code"] !== undefined;
    const again = (shown: Shown) => this.#askSecond(visit, account, { ...shown, recovers });
    return await this.#or(again, async () => {
      const authentication = await this.#second.authenticate(account, fields, place);
      await this.#pending.end(visit.interaction.uid);
      return await this.#finish(visit, account, authentication);
    });
  }

  async #passkey(visit: Visit, json: string): Promise<Response> {
    return await this.#or((shown) => this.#askPassword(visit, "", shown), async () => {
      const { uid } = visit.interaction;
      const { account, authentication } = await this.#second.signInByPasskey(json, uid);
      return await this.#finish(visit, account, authentication);
    });
  }

  async #finish(visit: Visit, { id }: Account, by: Authentication): Promise<Response> {
    note({ actor: id });
    return await visit.finish({ login: { accountId: id, ...by } });
  }

  /** What a rule has refused is told on the page that is shown again. */
  async #or(
    again: (shown: Shown) => Response,
    go: () => Promise<Response>,
  ): Promise<Response> {
    try {
      return await go();
    } catch (thrown) {
      const { alert, status, headers } = refusalOf(thrown);
      return again({ alert, status, headers });
    }
  }

  #askPassword(visit: Visit, email: string, { alert, ...options }: Shown = {}): Response {
    const { clientName, goesOnTo, uid } = visitNames(visit);
    const passkeyOptions = passkeyOptionsPath(uid);
    const page = signInPage({ clientName, email, alert, passkeyOptions });
    return pageResponse(page, { ...options, goesOnTo, script: true });
  }

  #askSecond(
    visit: Visit,
    account: Account,
    { alert, recovers = false, ...options }: Shown = {},
  ): Response {
    const { clientName, goesOnTo, uid } = visitNames(visit);
    const { totp, passkeys } = factorsOf(account);
    const hasPasskeys = passkeys.length > 0;
    const page = secondStepPage({
      clientName,
      hasTotp: totp !== undefined,
      hasPasskeys,
      passkeyOptions: passkeyOptionsPath(uid),
      alert,
      recovers,
    });
    return pageResponse(page, { ...options, goesOnTo, script: hasPasskeys });
  }
}

function visitNames({ interaction, client: { clientId, clientName } }: Visit) {
  return {
    uid: interaction.uid,
    clientName: clientName ?? clientId,
    goesOnTo: redirectsOf(interaction),
  };
}
