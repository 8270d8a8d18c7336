import { deepEqual, equal, rejects } from "node:assert/strict";
import { SigningKeys } from "@services/auth/signing-keys";
import {
  advanceSigningRotation,
  beginSigningRotation,
  newSigningKeys,
  publishSecondsMin,
  retireSecondsMin,
} from "./signing_key_store.ts";

const waits = { publishSeconds: 12, retireSeconds: 400 };

/** A file of keys and a clock. */
async function aFile() {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/signing.json`;
  await Deno.writeTextFile(path, await newSigningKeys());
  const clock = { ms: Date.parse("2030-01-01T00:00:00Z") };
  const now = () => new Date(clock.ms);
  return {
    path,
    now,
    begin: () => beginSigningRotation(path, waits, now()),
    async advance() {
      return (await advanceSigningRotation(path, waits, now()))?.phase ?? "none";
    },
    later: (seconds: number) => clock.ms += seconds * 1000,
    /** As auth reads them. */
    async kids() {
      const { keys } = SigningKeys.parse(JSON.parse(await Deno.readTextFile(path)));
      return keys.map(({ kid }) => kid);
    },
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

Deno.test("a signing key is published, then signs, and then the old one is gone, each in its time", async () => {
  await using file = await aFile();
  const [old] = await file.kids();
  equal(await file.advance(), "none");
  await file.begin();
  const [first, young] = await file.kids();
  equal(first, old);
  file.later(waits.publishSeconds - 1);
  equal(await file.advance(), "published");
  deepEqual(await file.kids(), [old, young]);
  file.later(1);
  equal(await file.advance(), "signing");
  deepEqual(await file.kids(), [young, old]);
  file.later(399);
  equal(await file.advance(), "signing");
  file.later(1);
  equal(await file.advance(), "none");
  deepEqual(await file.kids(), [young]);
});

Deno.test("a change of signing keys that was stopped goes on, and no second one begins beside it", async () => {
  await using file = await aFile();
  for (const kids of [2, 2, 2]) {
    await file.begin();
    equal((await file.kids()).length, kids);
    file.later(waits.publishSeconds);
    await file.advance();
  }
  await Promise.all([file.begin(), file.begin(), file.advance()]);
  equal((await file.kids()).length, 2);
});

Deno.test("two who begin at once publish one key", async () => {
  await using file = await aFile();
  await Promise.all([file.begin(), file.begin(), file.begin()]);
  equal((await file.kids()).length, 2);
});

Deno.test("signing keys are readable by their owner only, before and after a change", async () => {
  await using file = await aFile();
  await file.begin();
  equal(((await Deno.stat(file.path)).mode ?? 0) & 0o777, 0o600);
});

Deno.test("waits in which verifiers or tokens would be left behind are refused", async () => {
  await using file = await aFile();
  const change = async (changes: Partial<typeof waits>) => {
    const short = { ...waits, ...changes };
    await rejects(() => beginSigningRotation(file.path, short, file.now()), RangeError);
    await rejects(() => advanceSigningRotation(file.path, short, file.now()), RangeError);
  };
  for (const publishSeconds of [NaN, 0, publishSecondsMin - 1]) {
    await change({ publishSeconds });
  }
  for (const retireSeconds of [NaN, 300, retireSecondsMin - 1]) {
    await change({ retireSeconds });
  }
});

Deno.test("a file that holds no signing keys is left as it is, and not quoted", async () => {
  await using file = await aFile();
  await Deno.writeTextFile(file.path, '{"keys":[{"d":"secret"}]}');
  await rejects(
    () => file.begin(),
    (thrown) => thrown instanceof Error && !thrown.message.includes('"d"') && !thrown.cause,
  );
});
