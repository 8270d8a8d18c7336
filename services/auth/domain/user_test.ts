import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { normalPassword, Password, refuseGuessable } from "./password.ts";
import {
  changedProfile,
  changedRoles,
  disabled,
  signedOutEverywhere,
  signedUp,
  UserId,
} from "./user.ts";

const at = new Date("2026-01-02T03:04:05.000Z");
const id = UserId.parse("7b1f3f0c-9d0e-4e2a-8f37-0a4c9a0d6c11");

function anAccount(roles: ("customer" | "admin")[] = ["customer"]) {
  const given = { email: "ada@example.com", name: "Ada", passwordHash: "$argon2id$x", roles };
  return signedUp(given, { id, at }).account;
}

Deno.test("changedRoles() has nothing to tell when the roles are the same in another order", () => {
  const account = anAccount(["customer", "admin"]);
  const change = changedRoles(account, ["admin", "customer"], { by: "somebody", at });
  equal(change.event, undefined);
  equal(change.account, account);
});

Deno.test("changedRoles() raises the version and tells of it", () => {
  const { account, event } = changedRoles(anAccount(), ["admin"], { by: "somebody", at });
  equal(account.version, 2);
  deepEqual(event, {
    kind: "changed",
    userId: id,
    roles: ["admin"],
    status: "active",
    version: 2,
    at,
    securityVersion: 1,
    signInsValidFrom: at.toISOString(),
  });
});

Deno.test("the security version grows when something is taken away, and not with a name", () => {
  const renamed = changedProfile(anAccount(), { name: "Ada" }, at);
  equal(renamed.account.securityVersion, undefined);
  equal(renamed.event?.signInsValidFrom, undefined);
  const changes = [
    changedRoles(renamed.account, ["admin"], { by: "somebody", at }),
    changedProfile(renamed.account, { passwordHash: "$argon2id$2" }, at),
    disabled(renamed.account, { by: "another", at }),
    signedOutEverywhere(renamed.account, at),
  ];
  for (const { account, event } of changes) {
    equal(account.securityVersion, 1);
    equal(event?.securityVersion, 1);
  }
});

Deno.test("an admin cannot lose the admin role or be disabled by themself", () => {
  const admin = anAccount(["admin"]);
  throws(() => changedRoles(admin, ["customer"], { by: id, at }), { code: "own_admin_role" });
  throws(() => disabled(admin, { by: id, at }), { code: "own_account" });
  ok(changedRoles(admin, ["customer"], { by: "another", at }).event);
});

Deno.test("disabled() tells once", () => {
  const { account, event } = disabled(anAccount(), { by: "another", at });
  equal(event?.kind, "disabled");
  equal(disabled(account, { by: "another", at }).event, undefined);
});

Deno.test("Password counts characters as people do, in one spelling", () => {
  ok(Password.safeParse("🐎".repeat(12)).success);
  ok(!Password.safeParse("🐎".repeat(11)).success);
  ok(Password.safeParse("x".repeat(128)).success);
  ok(!Password.safeParse("x".repeat(129)).success);
  equal(normalPassword("e\u0301"), "\u00e9");
});

Deno.test("refuseGuessable() refuses what is tried first, whatever its case", () => {
  for (const password of ["PasswordPassword", "121212121212", "my-ADALOVE-pass"]) {
    throws(() => refuseGuessable(password, "adalove@example.com"), { code: "password_refused" });
  }
  refuseGuessable("correct horse battery", "ada@example.com");
});
