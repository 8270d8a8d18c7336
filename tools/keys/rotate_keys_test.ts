import { deepEqual, equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { openKeyWrapping } from "platform/crypto";
import type { EncryptingProgram, KeyStatus } from "./encrypting_program.ts";
import { readRing, writeRing } from "./ring_store.ts";
import { retireKeys, rotateKeys, type RotationOptions } from "./rotate_keys.ts";

/** A process that follows a ring file and shows what a program would. */
class FakeProcess implements AsyncDisposable {
  readonly #ringFile: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** Key ids that were current, in order, each with those that it knew before. */
  readonly taken: { readonly keyId: string; readonly known: readonly string[] }[] = [];
  #known: string[] = [];
  /** Whether it looks at its file. */
  follows = true;
  left = 0;
  fault: string | null = null;

  constructor(ringFile: string) {
    this.#ringFile = ringFile;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async () => Response.json(await this.#look()),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async #look(): Promise<KeyStatus> {
    const { current, keys } = await readRing(this.#ringFile);
    if (!this.follows) {
      return { currentKeyId: "k1", keyIds: ["k1"], resealed: 0, cleanRounds: 9, fault: this.fault };
    }
    if (this.taken.at(-1)?.keyId !== current) {
      this.taken.push({ keyId: current, known: this.#known });
    }
    this.#known = Object.keys(keys);
    const cleanRounds = this.left === 0 ? 9 : 0;
    return {
      currentKeyId: current,
      keyIds: this.#known,
      resealed: 5,
      cleanRounds,
      fault: this.fault,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

interface Scene {
  readonly dir: string;
  readonly ringFile: string;
  readonly processes: readonly FakeProcess[];
  readonly reports: readonly string[];
  readonly options: RotationOptions;
}

function testRotation(promise: string, check: (scene: Scene) => Promise<void>): void {
  Deno.test(promise, async () => {
    await using stack = new AsyncDisposableStack();
    const dir = await Deno.makeTempDir();
    stack.defer(() => Deno.remove(dir, { recursive: true }));
    const ringFile = `${dir}/ring.json`;
    const key = crypto.getRandomValues(new Uint8Array(32)).toBase64();
    await writeRing(ringFile, { current: "k1", keys: { k1: key } });
    const processes = [1, 2].map(() => stack.use(new FakeProcess(ringFile)));
    const program: EncryptingProgram = {
      name: "auth",
      ringFile,
      adminUrls: processes.map(({ url }) => url),
    };
    const reports: string[] = [];
    const options = {
      programs: [program],
      rotationFile: `${dir}/rotation.json`,
      wrapping: stack.use(await openKeyWrapping(undefined)),
      report: (message: string) => void reports.push(message),
      now: () => new Date("2026-01-02T12:00:00.000Z"),
      stallTimeoutMs: 300,
    };
    await check({ dir, ringFile, processes, reports, options });
  });
}

testRotation("A rotation makes a new key current that every process knew before", async (scene) => {
  const { ringFile, processes, reports, options } = scene;
  const keyId = await rotateKeys(options);
  match(keyId, /^k2026-01-02-[0-9a-f]{8}$/);
  const ring = await readRing(ringFile);
  equal(ring.current, keyId);
  deepEqual(Object.keys(ring.keys), ["k1", keyId]);
  notEqual(ring.keys["k1"], ring.keys[keyId]);
  for (const { taken } of processes) {
    const { known } = taken.find((one) => one.keyId === keyId)!;
    ok(known.includes(keyId), "the key was known before it was current");
  }
  match(reports.at(-1)!, /^auth: 10 records sealed anew, nothing is left under another key/);
  equal((await Deno.stat(ringFile)).mode! & 0o777, 0o600);
});

testRotation("A key does not become current while one process does not know it", async (scene) => {
  const { ringFile, processes, options } = scene;
  processes[1]!.follows = false;
  await rejects(rotateKeys(options), /auth must load key .*: it answers, but does not/);
  equal((await readRing(ringFile)).current, "k1");

  processes[1]!.follows = true;
  const keyId = await rotateKeys(options);
  deepEqual(Object.keys((await readRing(ringFile)).keys), ["k1", keyId], "it went on with its key");
});

testRotation(
  "A rotation that was interrupted goes on where it was, with the same key",
  async (scene) => {
    const { dir, ringFile, options } = scene;
    const key = (await readRing(ringFile)).keys["k1"]!;
    const interrupted = [
      { current: "k1", keys: { k1: key } },
      { current: "k1", keys: { k1: key, begun: key } },
      { current: "begun", keys: { k1: key, begun: key } },
    ];
    for (const ring of interrupted) {
      await Deno.writeTextFile(`${dir}/rotation.json`, '{"keyId":"begun"}');
      await writeRing(ringFile, ring);
      equal(await rotateKeys(options), "begun");
      const { current, keys } = await readRing(ringFile);
      deepEqual([current, Object.keys(keys)], ["begun", ["k1", "begun"]]);
      await rejects(Deno.stat(`${dir}/rotation.json`), Deno.errors.NotFound);
    }
  },
);

testRotation("A rotation is not done while something is left under another key", async (scene) => {
  const { processes, options } = scene;
  processes[0]!.left = 1;
  processes[0]!.fault = "Cannot open field: its key is gone";
  await rejects(rotateKeys(options), /auth must seal everything under .*: Cannot open field/);
  await rejects(retireKeys(options), /a rotation is not done/);
  processes[0]!.left = 0;
  await rotateKeys(options);
});

testRotation("Old keys are retired once nothing is under them, and not before", async (scene) => {
  const { ringFile, processes, options } = scene;
  const keyId = await rotateKeys(options);
  processes[1]!.left = 1;
  await rejects(retireKeys(options), /auth must have everything under/);
  equal(Object.keys((await readRing(ringFile)).keys).length, 2);
  processes[1]!.left = 0;
  await retireKeys(options);
  deepEqual(Object.keys((await readRing(ringFile)).keys), [keyId]);
});

testRotation(
  "Two rotations at once are made one after the other",
  async ({ ringFile, options }) => {
    const [one, other] = await Promise.all([rotateKeys(options), rotateKeys(options)]);
    notEqual(one, other);
    const { current, keys } = await readRing(ringFile);
    ok(current === one || current === other);
    equal(Object.keys(keys).length, 3);
  },
);

testRotation(
  "A ring whose keys KMS has wrapped gets no key that is not",
  async ({ ringFile, options }) => {
    const wrapped = crypto.getRandomValues(new Uint8Array(184)).toBase64();
    await writeRing(ringFile, { current: "k1", keys: { k1: wrapped } });
    await rejects(rotateKeys(options), /are wrapped by KMS, set ENCRYPTION_KMS_KEY_ID/);
    deepEqual(Object.keys((await readRing(ringFile)).keys), ["k1"]);
  },
);

testRotation(
  "A rotation does not begin without the program",
  async ({ ringFile, options, processes }) => {
    for (const process of processes) await process[Symbol.asyncDispose]();
    await rejects(rotateKeys(options), /auth must load key .*: it does not answer/);
    equal((await readRing(ringFile)).current, "k1");
  },
);
