import {
  type Authentication,
  byPasskey,
  byPasswordAndCode,
  byPasswordAndRecoveryCode,
} from "./authentication.ts";
import {
  type Account,
  type AccountChange,
  AuthError,
  emailKey,
  factorsOf,
  usedPasskey,
  usedRecoveryCode,
  usedTotp,
} from "./domain/mod.ts";
import type { FormFields } from "./form_body.ts";
import type { MailDelivery } from "./mail_delivery.ts";
import { passkeyRefused } from "./passkey_answers.ts";
import type { PasskeyProof, Passkeys } from "./passkeys.ts";
import { refuseOtherSignIn } from "./pending_sign_ins.ts";
import type { SignInAttempts, UserStore } from "./ports.ts";
import type { RecoveryCodes } from "./recovery_codes.ts";
import { normalTotpCode, totpStepOf } from "./totp.ts";

export interface SecondStepDependencies {
  readonly users: UserStore;
  readonly attempts: SignInAttempts;
  readonly passkeys: Passkeys;
  readonly recovery: RecoveryCodes;
  readonly mail: MailDelivery;
  readonly now: () => Date;
}

/** Where a factor is shown. */
export interface FactorPlace {
  /** The visit that it is good for. */
  readonly visit: string;
  /** Network that the person is in. */
  readonly address: string;
}

/** What is done with second factors: each is used in one transaction with the account's other changes. */
export class SecondStep {
  readonly #dependencies: SecondStepDependencies;

  constructor(dependencies: SecondStepDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * How the account's owner has shown, after the password, that it is them.
   *
   * @param account as it was when the password was right.
   * @throws {AuthError} `second_factor_wrong`, `passkey_refused`, `passkey_cloned`, `passkey_unknown`,
   * `too_many_attempts`, `sign_in_over`
   */
  async authenticate(
    account: Account,
    { code, "recovery_code": recoveryCode, passkey }: FormFields,
    place: FactorPlace,
  ): Promise<Authentication> {
    const { passkeys, recovery, mail, now } = this.#dependencies;
    if (passkey !== undefined) {
      const proof = await passkeys.signedAfterPassword(passkey, place.visit, account);
      await this.#takeDown(proof);
      return byPasskey(proof, { afterPassword: true });
    }
    if (recoveryCode !== undefined) {
      const hash = recovery.hashOf(account.id, recoveryCode);
      // Nobody is to be told of guesses.
      const isKnown = factorsOf(account).recoveryCodes.includes(hash);
      const tell = isKnown && await mail.announce("recovery_code_used", account);
      await this.#guess(account, place, (current) => usedRecoveryCode(current, hash, now()));
      if (tell) tell();
      return byPasswordAndRecoveryCode;
    }
    const typed = normalTotpCode(code ?? "");
    const stepOf = (secret: string) => totpStepOf(secret, typed, now());
    await this.#guess(account, place, (current) => usedTotp(current, stepOf));
    return byPasswordAndCode;
  }

  /**
   * Whoever signs in by a passkey alone.
   *
   * @throws {AuthError} `passkey_refused`, `passkey_cloned`, `passkey_unknown`, `sign_in_over`
   */
  async signInByPasskey(
    json: string,
    visit: string,
  ): Promise<{ readonly account: Account; readonly authentication: Authentication }> {
    const proof = await this.#dependencies.passkeys.signedIn(json, visit);
    await this.#takeDown(proof);
    const authentication = byPasskey(proof, { afterPassword: false });
    return { account: proof.account, authentication };
  }

  /** Codes can be guessed: failures are counted apart from those with the password. */
  async #guess(
    account: Account,
    { address }: FactorPlace,
    use: (current: Account) => AccountChange,
  ): Promise<void> {
    const { attempts, now } = this.#dependencies;
    const attempt = await attempts.begin(
      emailKey(account.email),
      address,
      now(),
      "second factor",
    );
    try {
      await this.#use(account, use);
    } catch (thrown) {
      // Whatever else went wrong was no guess.
      const isWrong = thrown instanceof AuthError && thrown.code === "second_factor_wrong";
      if (!isWrong) await attempt.wasNone();
      throw thrown;
    }
    await attempt.succeeded();
  }

  #takeDown({ account, used }: PasskeyProof): Promise<void> {
    const at = this.#dependencies.now();
    return this.#use(account, (current) => usedPasskey(current, used, at));
  }

  async #use(account: Account, use: (current: Account) => AccountChange): Promise<void> {
    const { users } = this.#dependencies;
    const user = await users.update(account.id, { owner: account.id }, (current) => {
      refuseOtherSignIn(account, current);
      return use(current);
    });
    if (!user) throw passkeyRefused();
  }
}
