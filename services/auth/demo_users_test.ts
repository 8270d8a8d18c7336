import { TestKeyRing } from "platform/crypto/testing";
import { equal } from "node:assert/strict";
import { addDemoUsers } from "./demo_users.ts";
import { openEmbeddedStores, WorkerPasswords } from "./adapters/mod.ts";
import { ciphersOf } from "./ciphers.ts";

Deno.test("addDemoUsers() adds who is missing and leaves the others as they are", async () => {
  await using stores = openEmbeddedStores(
    { kind: "embedded", path: ":memory:" },
    ciphersOf(new TestKeyRing()),
  );
  using passwords = new WorkerPasswords();
  const at = new Date("2026-01-02T03:04:05.000Z");
  const ada = {
    email: "ada@example.com",
    name: "Ada",
    password: "correct horse battery",
    roles: ["admin" as const],
  };
  await addDemoUsers({ users: [ada] }, stores.users, passwords, at);
  const before = await stores.users.findByEmail(ada.email);
  const bob = { ...ada, email: "bob@example.com", name: "Bob" };
  await addDemoUsers({ users: [{ ...ada, name: "Eve" }, bob] }, stores.users, passwords, at);
  equal((await stores.users.findByEmail(ada.email))?.passwordHash, before?.passwordHash);
  equal((await stores.users.findByEmail(ada.email))?.name, "Ada");
  equal((await stores.users.findByEmail(bob.email))?.name, "Bob");
});
