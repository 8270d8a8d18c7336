import { deepEqual, equal } from "node:assert/strict";
import { UnsecuredJWT } from "jose";
import type { Principal, Role } from "platform/access";
import { TestKeyRing } from "platform/crypto/testing";
import { silentLogger } from "platform/telemetry";
import { openEmbeddedStores } from "./adapters/mod.ts";
import { ciphersOf } from "./ciphers.ts";
import { signedUp, UserId } from "./domain/mod.ts";
import { withAccounts } from "./people_elsewhere.ts";

const noon = new Date("2026-05-04T12:00:00Z");
const subject = "5a11e9c0-7e57-4c0d-8e11-000000000001";
const stores = () =>
  openEmbeddedStores({ kind: "embedded", path: ":memory:" }, ciphersOf(new TestKeyRing()));

/** Calls as somebody whose token says `claims`; who it is, is taken for verified. */
async function come(
  { users }: Pick<ReturnType<typeof stores>, "users">,
  claims: Readonly<Record<string, string>>,
  roles: readonly Role[] = ["customer"],
): Promise<void> {
  const caller: Principal = { subject, clientId: "web", roles: new Set(roles) };
  const authenticate = withAccounts(() => caller, { users, log: silentLogger, now: () => noon });
  const token = new UnsecuredJWT(claims).encode();
  const headers = { authorization: `Bearer ${token}` };
  equal(await authenticate(new Request("https://localhost:8443/users/me", { headers })), caller);
}

Deno.test("a person of another issuer gets an account with what the token says of them", async () => {
  await using kept = stores();
  await come(kept, { email: "ada@example.com", name: "Ada" }, ["auditor", "customer"]);
  const account = await kept.users.find(subject, "any");
  deepEqual(account, {
    id: subject,
    email: "ada@example.com",
    name: "Ada",
    roles: ["customer", "auditor"],
    status: "active",
    createdAt: noon.toISOString(),
    version: 1,
  });
});

Deno.test("a person whose token says no name is called by their username, or else by the address", async () => {
  await using kept = stores();
  await come(kept, { email: "ada@example.com", preferred_username: "ada" });
  equal((await kept.users.find(subject, "any"))?.name, "ada");
  await using others = stores();
  await come(others, { email: "ada@example.com" });
  equal((await others.users.find(subject, "any"))?.name, "ada@example.com");
});

Deno.test("an account that is there stays as it is, and a program gets none", async () => {
  await using kept = stores();
  await come(kept, { preferred_username: "service-account-orders" });
  equal(await kept.users.find(subject, "any"), undefined);
  await come(kept, { email: "ada@example.com", name: "Ada" });
  await come(kept, { email: "other@example.com", name: "Another" });
  equal((await kept.users.find(subject, "any"))?.name, "Ada");
});

Deno.test("nobody becomes the owner of somebody else's account by having the address", async () => {
  await using kept = stores();
  const id = UserId.parse("5a11e9c0-7e57-4c0d-8e11-000000000002");
  const person = { email: "ada@example.com", name: "Ada", roles: [] };
  await kept.users.insert(signedUp(person, { id, at: noon }));
  await come(kept, { email: "Ada@example.com", name: "Mallory" });
  equal(await kept.users.find(subject, "any"), undefined);
  equal((await kept.users.findByEmail("ada@example.com"))?.id, id);
});
