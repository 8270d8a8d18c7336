import { AuthError } from "./auth_error.ts";
import { type Factors, noFactors, type Passkey, passkeysMax, type Totp } from "./factors.ts";
import { type Account, type AccountChange, changedFactors } from "./user.ts";

export function factorsOf({ factors }: Account): Factors {
  return factors ?? noFactors;
}

/** Whether the password alone is not enough. */
export function hasSecondFactor(account: Account): boolean {
  const { totp, passkeys } = factorsOf(account);
  return totp !== undefined || passkeys.length > 0;
}

/** A factor to be added. */
export interface AddedFactor {
  /** Hashes of new recovery codes: kept when it is the account's first factor. */
  readonly recoveryCodes: readonly string[];
}

/** @throws {AuthError} `factor_taken` when there is a generator of codes already. */
export function withTotp(
  account: Account,
  { secret, usedStep, recoveryCodes }: AddedFactor & Pick<Totp, "secret" | "usedStep">,
  at: Date,
): AccountChange {
  const factors = factorsOf(account);
  if (factors.totp) throw new AuthError("factor_taken", "There is an authenticator app already");
  const totp = { secret, usedStep, confirmedAt: at.toISOString() };
  return changed(account, { ...withFirstCodes(account, recoveryCodes), totp }, at);
}

/** Nothing changes when there is none. */
export function withoutTotp(account: Account, at: Date): AccountChange {
  const { totp, ...others } = factorsOf(account);
  return totp ? changed(account, others, at) : { account, event: undefined };
}

/** @throws {AuthError} `factor_taken` when it is known, `too_many_passkeys` beyond {@linkcode passkeysMax}. */
export function withPasskey(
  account: Account,
  { passkey, recoveryCodes }: AddedFactor & { readonly passkey: Passkey },
  at: Date,
): AccountChange {
  const factors = factorsOf(account);
  if (factors.passkeys.some(({ id }) => id === passkey.id)) {
    throw new AuthError("factor_taken", "This passkey is known already");
  }
  if (factors.passkeys.length >= passkeysMax) {
    throw new AuthError("too_many_passkeys", `There are ${passkeysMax} passkeys already`);
  }
  const passkeys = [...factors.passkeys, passkey];
  return changed(account, { ...withFirstCodes(account, recoveryCodes), passkeys }, at);
}

/** @throws {AuthError} `passkey_unknown` */
export function renamedPasskey(account: Account, id: string, name: string): AccountChange {
  return havingPasskey(account, { ...passkeyOf(account, id), name });
}

/** @throws {AuthError} `passkey_unknown` */
export function withoutPasskey(account: Account, id: string, at: Date): AccountChange {
  const factors = factorsOf(account);
  const { id: removed } = passkeyOf(account, id);
  const passkeys = factors.passkeys.filter((other) => other.id !== removed);
  return changed(account, { ...factors, passkeys }, at);
}

/** In place of those before. Nothing is kept while there is no factor. */
export function withRecoveryCodes(
  account: Account,
  hashes: readonly string[],
  at: Date,
): AccountChange {
  return changed(account, { ...factorsOf(account), recoveryCodes: [...hashes] }, at);
}

/**
 * Uses a code up, and with it every code of an earlier time: none is good twice.
 *
 * @param stepOf the time that the code is of, or undefined when it is none of the secret's.
 * @throws {AuthError} `second_factor_wrong`
 * @see {@link https://www.rfc-editor.org/rfc/rfc6238#section-5.2 | RFC 6238, one-time only use}
 */
export function usedTotp(
  account: Account,
  stepOf: (secret: string) => number | undefined,
): AccountChange {
  const { totp, ...others } = factorsOf(account);
  const step = totp && stepOf(totp.secret);
  if (!totp || step === undefined || step <= totp.usedStep) throw wrong();
  return used(account, { ...others, totp: { ...totp, usedStep: step } });
}

/** Uses a recovery code up, which is worth telling. @throws {AuthError} `second_factor_wrong` */
export function usedRecoveryCode(account: Account, hash: string, at: Date): AccountChange {
  const factors = factorsOf(account);
  if (!factors.recoveryCodes.includes(hash)) throw wrong();
  const recoveryCodes = factors.recoveryCodes.filter((other) => other !== hash);
  return changed(account, { ...factors, recoveryCodes }, at);
}

/**
 * Takes down what a passkey's signature has told. Its counter must have grown, unless it never counts.
 *
 * @throws {AuthError} `passkey_unknown`; `passkey_cloned` when somebody else has signed with it.
 * @see {@link https://www.w3.org/TR/webauthn-3/#sctn-sign-counter | WebAuthn, signature counter}
 */
export function usedPasskey(
  account: Account,
  { id, counter, isBackedUp }: Pick<Passkey, "id" | "counter" | "isBackedUp">,
  at: Date,
): AccountChange {
  const passkey = passkeyOf(account, id);
  const counts = counter > 0 || passkey.counter > 0;
  if (counts && counter <= passkey.counter) {
    throw new AuthError("passkey_cloned", "There seems to be a copy of this passkey");
  }
  return havingPasskey(account, {
    ...passkey,
    counter,
    isBackedUp,
    lastUsedAt: at.toISOString(),
  });
}

function passkeyOf(account: Account, id: string): Passkey {
  const passkey = factorsOf(account).passkeys.find((other) => other.id === id);
  if (!passkey) throw new AuthError("passkey_unknown", "This passkey is not known here");
  return passkey;
}

function havingPasskey(account: Account, changed: Passkey): AccountChange {
  const factors = factorsOf(account);
  const passkeys = factors.passkeys.map((other) => other.id === changed.id ? changed : other);
  return used(account, { ...factors, passkeys });
}

function withFirstCodes(account: Account, recoveryCodes: readonly string[]): Factors {
  const factors = factorsOf(account);
  return hasSecondFactor(account) ? factors : { ...factors, recoveryCodes: [...recoveryCodes] };
}

/** Recovery codes stand in for a factor: without one there is nothing to recover. */
function changed(account: Account, factors: Factors, at: Date): AccountChange {
  const has = hasSecondFactor({ ...account, factors });
  return changedFactors(account, has ? factors : undefined, at);
}

/** Nobody else sees that a factor was used: the version stays, and nothing is told. */
function used(account: Account, factors: Factors): AccountChange {
  return { account: { ...account, factors }, event: undefined };
}

function wrong(): AuthError {
  return new AuthError("second_factor_wrong", "The code is not right");
}
