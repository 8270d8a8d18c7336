import { deepEqual, equal } from "node:assert/strict";
import { Database, EmbeddedIdempotencyStore, idempotencySchema } from "platform/store";
import { idempotencyStoreContract } from "./idempotency_store_contract.ts";

function openDatabase(path: string): Database {
  return Database.open(path, [idempotencySchema]);
}

idempotencyStoreContract(
  "EmbeddedIdempotencyStore",
  () => Promise.resolve(new EmbeddedIdempotencyStore(openDatabase(":memory:"))),
);

Deno.test("EmbeddedIdempotencyStore hands out at once, at its next start, what a crash left held", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const use = { scope: "ada", key: "k1", fingerprint: "f1", resourceId: "r1" };
    const noon = new Date("2026-01-02T12:00:00.000Z");
    const after30s = new Date(noon.getTime() + 30_000);
    using crashed = openDatabase(`${dir}/keys.sqlite`);
    await new EmbeddedIdempotencyStore(crashed).claim(use, noon, 30_000);

    using db = openDatabase(`${dir}/keys.sqlite`);
    const store = new EmbeddedIdempotencyStore(db);
    const claim = await store.claim({ ...use, resourceId: "r2" }, noon, 30_000);
    deepEqual(claim, { state: "claimed", resourceId: "r1", leasedUntil: after30s });
    equal((await store.claim(use, noon, 30_000)).state, "in_flight");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
