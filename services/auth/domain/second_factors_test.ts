import { deepEqual, equal, throws } from "node:assert/strict";
import { type Passkey, passkeysMax } from "./factors.ts";
import {
  factorsOf,
  hasSecondFactor,
  renamedPasskey,
  usedPasskey,
  usedRecoveryCode,
  usedTotp,
  withoutPasskey,
  withoutTotp,
  withPasskey,
  withRecoveryCodes,
  withTotp,
} from "./second_factors.ts";
import { type Account, type AccountChange, factorsReset, signedUp, UserId } from "./user.ts";

const at = new Date("2026-01-02T03:04:05.000Z");
const id = UserId.parse("7b1f3f0c-9d0e-4e2a-8f37-0a4c9a0d6c11");
const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const recoveryCodes = ["one", "two"];

function anAccount(): Account {
  const given = { email: "ada@example.com", name: "Ada", passwordHash: "$argon2id$x" };
  return signedUp({ ...given, roles: ["customer"] }, { id, at }).account;
}

function aPasskey(traits: Partial<Passkey> = {}): Passkey {
  return {
    id: "laptop",
    publicKey: "key",
    counter: 0,
    transports: [],
    isBackupEligible: false,
    isBackedUp: false,
    name: "Laptop",
    createdAt: at.toISOString(),
    ...traits,
  };
}

const withApp = withTotp(anAccount(), { secret, usedStep: 100, recoveryCodes }, at).account;
const withKey = withPasskey(anAccount(), { passkey: aPasskey(), recoveryCodes }, at).account;

Deno.test("a change of factors is a change of the account, and is told", () => {
  const changes: readonly AccountChange[] = [
    withTotp(anAccount(), { secret, usedStep: 1, recoveryCodes }, at),
    withPasskey(anAccount(), { passkey: aPasskey(), recoveryCodes }, at),
    withRecoveryCodes(anAccount(), recoveryCodes, at),
    usedRecoveryCode({ ...withApp, version: 1 }, "one", at),
    withoutTotp({ ...withApp, version: 1 }, at),
  ];
  for (const { account, event } of changes) {
    equal(account.version, 2);
    equal(event?.kind, "changed");
  }
});

Deno.test("that a factor was used changes no version and is not told", () => {
  const used = { id: "laptop", counter: 1, isBackedUp: false };
  for (const { account, event } of [usedTotp(withApp, () => 101), usedPasskey(withKey, used, at)]) {
    equal(account.version, 2);
    equal(event, undefined);
  }
});

Deno.test("a code is good once, and with it every code of an earlier time", () => {
  const { account } = usedTotp(withApp, () => 102);
  for (const step of [102, 101, 100]) {
    throws(() => usedTotp(account, () => step), { code: "second_factor_wrong" });
  }
  equal(factorsOf(usedTotp(account, () => 103).account).totp?.usedStep, 103);
});

Deno.test("the code by which an app was confirmed is used up with it", () => {
  throws(() => usedTotp(withApp, () => 100), { code: "second_factor_wrong" });
});

Deno.test("no code is right for an account without an app", () => {
  throws(() => usedTotp(anAccount(), () => 1), { code: "second_factor_wrong" });
  throws(() => usedTotp(withApp, () => undefined), { code: "second_factor_wrong" });
});

Deno.test("a recovery code is good once", () => {
  const { account } = usedRecoveryCode(withApp, "one", at);
  throws(() => usedRecoveryCode(account, "one", at), { code: "second_factor_wrong" });
  deepEqual(factorsOf(usedRecoveryCode(account, "two", at).account).recoveryCodes, []);
});

Deno.test("recovery codes come with the first factor, stay with the second and go with the last", () => {
  const both = withPasskey(withApp, { passkey: aPasskey(), recoveryCodes: ["others"] }, at).account;
  deepEqual(factorsOf(both).recoveryCodes, recoveryCodes);
  const appOnly = withoutPasskey(both, "laptop", at).account;
  deepEqual(factorsOf(appOnly).recoveryCodes, recoveryCodes);
  const none = withoutTotp(appOnly, at).account;
  equal(hasSecondFactor(none), false);
  equal(none.factors, undefined);
  equal(withRecoveryCodes(none, recoveryCodes, at).account.factors, undefined);
});

Deno.test("a factor is not added twice, and passkeys end at their limit", () => {
  throws(() => withTotp(withApp, { secret, usedStep: 1, recoveryCodes }, at), {
    code: "factor_taken",
  });
  throws(() => withPasskey(withKey, { passkey: aPasskey(), recoveryCodes }, at), {
    code: "factor_taken",
  });
  let account = anAccount();
  for (let n = 0; n < passkeysMax; n++) {
    account =
      withPasskey(account, { passkey: aPasskey({ id: `${n}` }), recoveryCodes }, at).account;
  }
  throws(() => withPasskey(account, { passkey: aPasskey(), recoveryCodes }, at), {
    code: "too_many_passkeys",
  });
});

Deno.test("a passkey that counts must count on: a copy of it is refused", () => {
  const used = (counter: number) => ({ id: "laptop", counter, isBackedUp: false });
  const { account } = usedPasskey(withKey, used(5), at);
  for (const counter of [5, 4, 0]) {
    throws(() => usedPasskey(account, used(counter), at), { code: "passkey_cloned" });
  }
  const [passkey] = factorsOf(usedPasskey(account, used(6), at).account).passkeys;
  equal(passkey?.counter, 6);
  equal(passkey?.lastUsedAt, at.toISOString());
});

Deno.test("a passkey that never counts may be used again and again", () => {
  const used = { id: "laptop", counter: 0, isBackedUp: true };
  const { account } = usedPasskey(usedPasskey(withKey, used, at).account, used, at);
  equal(factorsOf(account).passkeys[0]?.isBackedUp, true);
});

Deno.test("a passkey that is not there is neither used, renamed nor removed", () => {
  const used = { id: "phone", counter: 1, isBackedUp: false };
  throws(() => usedPasskey(withKey, used, at), { code: "passkey_unknown" });
  throws(() => renamedPasskey(withKey, "phone", "Phone"), { code: "passkey_unknown" });
  throws(() => withoutPasskey(withKey, "phone", at), { code: "passkey_unknown" });
  equal(factorsOf(renamedPasskey(withKey, "laptop", "Work").account).passkeys[0]?.name, "Work");
});

Deno.test("factorsReset() leaves the password alone, ends sign-ins and is told", () => {
  const { account, event } = factorsReset(withApp, { by: "an admin", at });
  equal(account.factors, undefined);
  equal(account.passwordHash, withApp.passwordHash);
  equal(account.signInsValidFrom, at.toISOString());
  equal(event?.version, 3);
});

Deno.test("factorsReset() changes nothing where there is nothing, and nobody does it to themself", () => {
  const account = anAccount();
  deepEqual(factorsReset(account, { by: "an admin", at }), { account, event: undefined });
  throws(() => factorsReset(withApp, { by: id, at }), { code: "own_factors" });
});
