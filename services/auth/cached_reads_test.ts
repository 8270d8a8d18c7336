import { deepEqual, equal, ok } from "node:assert/strict";
import { MemoryCache } from "platform/cache";
import { TestKeyRing } from "platform/crypto/testing";
import { silentLogger } from "platform/telemetry";
import { openEmbeddedStores } from "./adapters/mod.ts";
import { CachedReads } from "./cached_reads.ts";
import { ciphersOf } from "./ciphers.ts";
import { changedProfile, signedUp, UserId } from "./domain/mod.ts";

const noon = new Date("2026-01-02T12:00:00.000Z");

async function openScene() {
  const ring = new TestKeyRing();
  const ciphers = ciphersOf(ring);
  const kept = openEmbeddedStores({ kind: "embedded", path: ":memory:" }, ciphers);
  const cache = new MemoryCache();
  const copies = new CachedReads(cache, ciphers.copies, silentLogger);
  const id = UserId.parse(crypto.randomUUID());
  const person = {
    email: "ada@example.com",
    name: "Ada",
    passwordHash: "$argon2id$",
    roles: ["customer" as const],
  };
  await kept.users.insert(signedUp(person, { id, at: noon }));
  return { kept, cache, ring, copies, id, reads: copies.over(kept.users) };
}

Deno.test("a copy of a person is sealed and holds no password hash", async () => {
  const { kept, cache, id, reads } = await openScene();
  await using _ = kept;
  const user = await reads.find(id, "any");
  equal(user?.email, "ada@example.com");
  deepEqual(await reads.find(id, "any"), user);
  ok(!("passwordHash" in user!));
  const look = await cache.look(`auth.user:${id}`);
  ok("value" in look);
  deepEqual(["ada", "Ada", "argon"].filter((text) => look.value.includes(text)), []);
});

Deno.test("a copy of a person is another's to see no more than the person is", async () => {
  const { kept, id, reads } = await openScene();
  await using _ = kept;
  ok(await reads.find(id, { owner: id }));
  equal(await reads.find(id, { owner: "eve" }), undefined);
  equal(await reads.find(id, { owner: "" }), undefined);
});

Deno.test("a person who changes sees the change, though there was a copy", async () => {
  const { kept, copies, id, reads } = await openScene();
  await using _ = kept;
  equal((await reads.find(id, "any"))?.name, "Ada");
  const users = copies.invalidatedBy(kept.users);
  await users.update(
    id,
    { owner: id },
    (account) => changedProfile(account, { name: "Eve" }, noon),
  );
  equal((await reads.find(id, "any"))?.name, "Eve");
});

Deno.test("a copy that was sealed under a key that is gone is none, and another takes its place", async () => {
  const { kept, cache, ring, id, reads } = await openScene();
  await using _ = kept;
  await reads.find(id, "any");
  const before = await cache.look(`auth.user:${id}`);
  ring.hold("k2", "k1");
  for (const sealed of kept.sealed) await sealed.reseal(10);
  ring.hold("k2");
  equal((await reads.find(id, "any"))?.name, "Ada");
  const after = await cache.look(`auth.user:${id}`);
  ok("value" in before && "value" in after);
  ok(before.value.includes('"k1"') && after.value.includes('"k2"'), after.value);
});
