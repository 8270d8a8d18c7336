import { deepEqual, equal, notDeepEqual, ok, rejects, throws } from "node:assert/strict";
import { ConfigError } from "platform/config";
import {
  blindIndexKeyId,
  type FollowedKeyRing,
  type KmsConfig,
  openKeyRing,
  openKeyWrapping,
} from "platform/crypto";
import { silentLogger } from "platform/telemetry";
import { eventually } from "../fixtures/eventually.ts";

const service = "orders";
const pollMs = 2;

/** Key ring files in a folder of their own, and what protects the keys in them. */
export class RingFolder implements AsyncDisposable {
  readonly #kms: KmsConfig | undefined;
  readonly #dir: string;
  readonly errors: string[] = [];

  private constructor(dir: string, kms: KmsConfig | undefined) {
    this.#dir = dir;
    this.#kms = kms;
  }

  static async open(kms?: KmsConfig): Promise<RingFolder> {
    return new RingFolder(await Deno.makeTempDir(), kms);
  }

  get path(): string {
    return `${this.#dir}/ring.json`;
  }

  /** What stands in a file for a new random key. */
  async entry(keyId: string): Promise<string> {
    using wrapping = await openKeyWrapping(this.#kms);
    const key = crypto.getRandomValues(new Uint8Array(32));
    return (await wrapping.wrap(key, { service, keyId })).toBase64();
  }

  async write(contents: unknown): Promise<void> {
    const text = typeof contents === "string" ? contents : JSON.stringify(contents);
    await Deno.writeTextFile(`${this.path}.new`, text);
    await Deno.rename(`${this.path}.new`, this.path);
  }

  async ring(): Promise<FollowedKeyRing> {
    const config = { file: this.path, kms: this.#kms, usesFile: `${this.#dir}/key_uses.json` };
    const error = (_message: string, fields = {}) =>
      void this.errors.push(String((fields as Record<string, unknown>)["error.message"]));
    return await openKeyRing(config, { service, log: { ...silentLogger, error }, pollMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#dir, { recursive: true });
  }
}

/** What every key ring must do, whatever protects the keys in its file. */
export function keyRingContract(
  protection: string,
  withFolder: (check: (folder: RingFolder) => Promise<void>) => Promise<void>,
): void {
  function test(promise: string, check: (folder: RingFolder) => Promise<void>): void {
    Deno.test(`A key ring ${protection} ${promise}`, () => withFolder(check));
  }

  test("opens after a restart what it sealed before", async (folder) => {
    await folder.write({ current: "k1", keys: { k1: await folder.entry("k1") } });
    let sealed;
    {
      await using opened = await folder.ring();
      sealed = opened.ring.seal(Uint8Array.of(1, 2, 3), (id) => `place ${id}`);
    }
    await using opened = await folder.ring();
    deepEqual(opened.ring.open("k1", sealed.sealed, "place k1"), Uint8Array.of(1, 2, 3));
    throws(() => opened.ring.open("k1", sealed.sealed, "elsewhere"));
  });

  test("takes up a key that is added, made current and removed, while it runs", async (folder) => {
    const [k1, k2] = [await folder.entry("k1"), await folder.entry("k2")];
    await folder.write({ current: "k1", keys: { k1 } });
    await using opened = await folder.ring();
    const { ring } = opened;
    const before = ring.seal(Uint8Array.of(1), () => "here");

    await folder.write({ current: "k1", keys: { k1, k2 } });
    await eventually("k2 is known", () => ring.keyIds.includes("k2"), { everyMs: 1 });
    equal(ring.currentKeyId, "k1");
    await folder.write({ current: "k2", keys: { k1, k2 } });
    await eventually("k2 is current", () => ring.currentKeyId === "k2", { everyMs: 1 });
    deepEqual(ring.open("k1", before.sealed, "here"), Uint8Array.of(1));
    await folder.write({ current: "k2", keys: { k2 } });
    await eventually("k1 is gone", () => !ring.keyIds.includes("k1"), { everyMs: 1 });
    throws(() => ring.open("k1", before.sealed, "here"), /"k1" is not in the ring/);
    deepEqual(folder.errors, []);
  });

  test("keeps its keys and says so once when the file turns bad", async (folder) => {
    const good = { current: "k1", keys: { k1: await folder.entry("k1") } };
    const bad = [
      "hunter2",
      { ...good, current: "k2" },
      { ...good, keys: {} },
      { ...good, extra: true },
      { ...good, keys: { k1: "hunter2!" } },
      { ...good, keys: { k1: new Uint8Array(16).toBase64() } },
    ];
    for (const contents of bad) {
      await folder.write(good);
      await using opened = await folder.ring();
      const told = folder.errors.length;
      await folder.write(contents);
      await eventually("the fault is told", () => folder.errors.length > told, { everyMs: 1 });
      let looks = 0;
      await eventually("it was looked at again", () => looks++ > 10, { everyMs: pollMs });
      equal(folder.errors.length, told + 1);
      deepEqual(opened.ring.keyIds, ["k1"]);
      opened.ring.seal(Uint8Array.of(1), () => "here");
    }
    ok(!folder.errors.join().includes("hunter2"), folder.errors.join());
  });

  test("never changes the key of its blind indexes", async (folder) => {
    const ring = { current: "k1", keys: { k1: await folder.entry("k1") } };
    const blindIndex = await folder.entry(blindIndexKeyId);
    for (const other of [{ blindIndex: await folder.entry(blindIndexKeyId) }, {}]) {
      await folder.write({ ...ring, blindIndex });
      await using _opened = await folder.ring();
      const told = folder.errors.length;
      await folder.write({ ...ring, ...other });
      await eventually("the fault is told", () => folder.errors.length > told, { everyMs: 1 });
    }
    ok(folder.errors.every((message) => message.includes("blind indexes has changed")));
  });

  test("refuses to open without a usable file, and repeats nothing of it", async (folder) => {
    await rejects(folder.ring(), /ENCRYPTION_KEYS_FILE: Cannot read the file it names: NotFound/);
    const k1 = await folder.entry("k1");
    for (
      const contents of [
        "hunter2",
        { current: "k2", keys: { k1 } },
        { current: "toString", keys: { k1 } },
        { current: "k1", keys: { k1, "a key": k1 } },
        {
          current: "k1",
          keys: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`k${n}`, k1])),
        },
      ]
    ) {
      await folder.write(contents);
      await rejects(folder.ring(), (thrown) => {
        ok(thrown instanceof ConfigError);
        ok(thrown.message.includes("ENCRYPTION_KEYS_FILE: "), thrown.message);
        return !thrown.message.includes("hunter2") && !thrown.message.includes(k1);
      });
    }
  });

  test("fails nobody who seals and opens while its file is replaced", async (folder) => {
    const keys: Record<string, string> = { k0: await folder.entry("k0") };
    await folder.write({ current: "k0", keys });
    await using opened = await folder.ring();
    const { ring } = opened;
    const plain = crypto.getRandomValues(new Uint8Array(32));
    const kept = [ring.seal(plain, () => "here")];
    for (let rotation = 1; rotation <= 5; rotation++) {
      const keyId = `k${rotation}`;
      keys[keyId] = await folder.entry(keyId);
      await folder.write({ current: keyId, keys });
      await eventually(`${keyId} is current`, () => {
        kept.push(ring.seal(plain, () => "here"));
        for (const { keyId, sealed } of kept.slice(-20)) {
          deepEqual(ring.open(keyId, sealed, "here"), plain);
        }
        return ring.currentKeyId === keyId;
      }, { everyMs: 1 });
    }
    for (const { keyId, sealed } of kept) deepEqual(ring.open(keyId, sealed, "here"), plain);
    notDeepEqual(kept[0]?.keyId, kept.at(-1)?.keyId);
  });
}
