import { equal, match, notEqual } from "node:assert/strict";
import { TestKeyRing } from "platform/crypto/testing";
import { ciphersOf } from "./ciphers.ts";
import { recoveryCodesCount, UserId } from "./domain/mod.ts";
import { RecoveryCodes } from "./recovery_codes.ts";

const ada = UserId.parse("7b1f3f0c-9d0e-4e2a-8f37-0a4c9a0d6c11");
const bob = UserId.parse("0b9a1b52-6b0f-4a7c-9d3e-2f4bb2c3a111");
const recovery = new RecoveryCodes(ciphersOf(new TestKeyRing()).recoveryCodes);

Deno.test("RecoveryCodes makes as many as it says, each another, of 16 letters and digits", () => {
  const { codes, hashes } = recovery.make(ada);
  equal(new Set(codes).size, recoveryCodesCount);
  equal(new Set(hashes).size, recoveryCodesCount);
  for (const code of codes) match(code, /^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/);
});

Deno.test("RecoveryCodes knows a code however it was copied", () => {
  const hash = recovery.hashOf(ada, "0123-4567-89ab-cd1e");
  for (const typed of ["0123456789abcd1e", " O123 4567 89AB CDLE "]) {
    equal(recovery.hashOf(ada, typed), hash, typed);
  }
});

Deno.test("RecoveryCodes tells nobody who else has the same code", () => {
  notEqual(
    recovery.hashOf(ada, "0123-4567-89ab-cd1e"),
    recovery.hashOf(bob, "0123-4567-89ab-cd1e"),
  );
});
