import { deepEqual, equal, ok } from "node:assert/strict";
import type { Artifact, GrantStore } from "@services/auth/ports";

/** A grant store that can be closed. */
export interface OpenGrantStore extends AsyncDisposable {
  readonly grants: GrantStore;
}

const start = Date.UTC(2026, 0, 1);
const later = (seconds: number) => new Date(start + seconds * 1000);

function anArtifact(traits: Partial<Artifact> = {}): Artifact {
  return {
    key: crypto.randomUUID(),
    uidKey: undefined,
    userCodeKey: undefined,
    grantId: undefined,
    owner: undefined,
    payload: { kind: "RefreshToken", nested: { list: [1, "two", null] } },
    expiresAt: later(60),
    ...traits,
  };
}

/** What every GrantStore must do. `open` gives an empty one; without it, the tests are ignored. */
export function grantStoreContract(adapter: string, open?: () => Promise<OpenGrantStore>): void {
  function test(promise: string, check: (grants: GrantStore) => Promise<void>): void {
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      async fn() {
        await using store = await open!();
        await check(store.grants);
      },
    });
  }

  test("lists what a person has, with what it says, and nobody else's", async (grants) => {
    const [owner, other] = [crypto.randomUUID(), crypto.randomUUID()];
    const short = anArtifact({ owner, expiresAt: later(60) });
    const long = anArtifact({ owner, grantId: "listed", expiresAt: later(120) });
    for (const artifact of [short, long, anArtifact({ owner: other }), anArtifact()]) {
      await grants.put(artifact);
    }
    deepEqual(await grants.listByOwner(owner), [
      { ...long, consumedAt: undefined },
      { ...short, consumedAt: undefined },
    ]);
    await grants.revokeGrant("listed");
    equal((await grants.listByOwner(owner)).length, 1);
    await grants.revokeOwner(owner);
    deepEqual(await grants.listByOwner(owner), []);
  });

  test("gives an artifact back by each of its names", async (grants) => {
    const artifact = anArtifact({
      uidKey: "uid",
      userCodeKey: "code",
      grantId: "grant",
      owner: "ada",
    });
    await grants.put(artifact);
    const expected = { ...artifact, consumedAt: undefined };
    deepEqual(await grants.find(artifact.key), expected);
    deepEqual(await grants.findByUid("uid"), expected);
    deepEqual(await grants.findByUserCode("code"), expected);
  });

  test("finds nothing by another's name", async (grants) => {
    const { key } = anArtifact();
    await grants.put(anArtifact({ key, uidKey: "uid", userCodeKey: "code" }));
    equal(await grants.find("uid"), undefined);
    equal(await grants.findByUid(key), undefined);
    equal(await grants.findByUid("code"), undefined);
    equal(await grants.findByUserCode("uid"), undefined);
  });

  test("puts an artifact in place of the one with its key", async (grants) => {
    const artifact = anArtifact({ uidKey: "old" });
    await grants.put(artifact);
    const next = { ...artifact, uidKey: "new", payload: { changed: true }, expiresAt: later(90) };
    await grants.put(next);
    deepEqual(await grants.find(artifact.key), { ...next, consumedAt: undefined });
    equal(await grants.findByUid("old"), undefined);
  });

  test("lets exactly one of fifty consume an artifact", async (grants) => {
    const artifact = anArtifact();
    await grants.put(artifact);
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => grants.consumeOnce(artifact.key, later(60), later(1))),
    );
    equal(outcomes.filter((won) => won).length, 1);
    deepEqual((await grants.find(artifact.key))?.consumedAt, later(1));
  });

  test("remembers what is used up when it is put again, and when it is gone", async (grants) => {
    const artifact = anArtifact();
    await grants.put(artifact);
    ok(await grants.consumeOnce(artifact.key, later(60), later(1)));
    await grants.put(artifact);
    deepEqual((await grants.find(artifact.key))?.consumedAt, later(1));
    equal(await grants.consumeOnce(artifact.key, later(60), later(1)), false);
    await grants.destroy(artifact.key);
    equal(await grants.consumeOnce(artifact.key, later(60), later(1)), false);
  });

  test("consumes each artifact for itself", async (grants) => {
    ok(await grants.consumeOnce("one", later(60), later(1)));
    ok(await grants.consumeOnce("another", later(60), later(1)));
  });

  test("destroys one artifact alone, and one that is not there without a word", async (grants) => {
    const [gone, kept] = [anArtifact({ grantId: "grant" }), anArtifact({ grantId: "grant" })];
    await grants.put(gone);
    await grants.put(kept);
    await grants.destroy(gone.key);
    await grants.destroy(gone.key);
    equal(await grants.find(gone.key), undefined);
    ok(await grants.find(kept.key));
  });

  test("revokes a grant with all its family, and no other", async (grants) => {
    const family = [1, 2, 3].map(() => anArtifact({ grantId: "grant", owner: "ada" }));
    const stranger = anArtifact({ grantId: "another", owner: "ada" });
    for (const artifact of [...family, stranger]) await grants.put(artifact);
    await grants.revokeGrant("grant");
    for (const { key } of family) equal(await grants.find(key), undefined);
    ok(await grants.find(stranger.key));
    await grants.put(family[0]!);
    equal(await grants.find(family[0]!.key), undefined, "nothing of it is put any more");
  });

  test("revokes all that a person has, and nobody else's", async (grants) => {
    const own = [anArtifact({ owner: "ada", grantId: "grant" }), anArtifact({ owner: "ada" })];
    const others = [anArtifact({ owner: "eve" }), anArtifact()];
    for (const artifact of [...own, ...others]) await grants.put(artifact);
    await grants.revokeOwner("ada");
    for (const { key } of own) equal(await grants.find(key), undefined);
    for (const { key } of others) ok(await grants.find(key));
  });

  test("sweeps what has expired and keeps the rest", async (grants) => {
    const [old, young] = [
      anArtifact({ expiresAt: later(10) }),
      anArtifact({ expiresAt: later(11) }),
    ];
    await grants.put(old);
    await grants.put(young);
    await grants.consumeOnce("used", later(11), later(1));
    await grants.consumeOnce("used long ago", later(10), later(1));
    equal(await grants.sweep(later(10)), 1);
    equal(await grants.find(old.key), undefined);
    ok(await grants.find(young.key));
    equal(await grants.consumeOnce("used", later(60), later(1)), false);
    equal(await grants.consumeOnce("used long ago", later(60), later(1)), true);
  });
}
