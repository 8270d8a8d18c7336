import { deepEqual, equal, match } from "node:assert/strict";
import { createLogger } from "platform/telemetry";
import { SigningKeyFile } from "./signing_key_file.ts";
import { SigningKeys } from "./signing_keys.ts";
import { aSigningKey } from "./testing/auth_server.ts";

interface Line {
  readonly message: string;
  readonly "error.message"?: string;
}

/** A file of signing keys that is followed, and what is logged of it. */
async function aFile() {
  await using opening = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir();
  opening.defer(() => Deno.remove(dir, { recursive: true }));
  const path = `${dir}/signing.json`;
  const lines: Line[] = [];
  let logged = Promise.withResolvers<void>();
  const log = createLogger({
    service: "auth",
    write(line) {
      lines.push(JSON.parse(line));
      logged.resolve();
      logged = Promise.withResolvers();
    },
  });
  const current = { keys: [await aSigningKey("one")] };
  await Deno.writeTextFile(path, JSON.stringify(current));
  const file = opening.use(new SigningKeyFile({ path, current, log, pollMs: 5 }));
  const opened = opening.move();
  return {
    file,
    lines,
    /** Replaces or removes the file, and waits for the line that tells what came of it. */
    async put(text: string | undefined): Promise<Line> {
      const told = logged.promise;
      await Deno.writeTextFile(`${path}.new`, text ?? "");
      await (text === undefined ? Deno.remove(path) : Deno.rename(`${path}.new`, path));
      await told;
      return lines.at(-1)!;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function kidsIn({ current }: SigningKeyFile): readonly string[] {
  return current.keys.map(({ kid }) => kid);
}

Deno.test("new signing keys are taken from their file, and the order counts", async () => {
  await using scene = await aFile();
  const [one] = scene.file.current.keys;
  const two = await aSigningKey("two");
  for (const keys of [[one, two], [two, one], [two]]) {
    equal((await scene.put(JSON.stringify({ keys }))).message, "Signing keys changed");
    deepEqual(kidsIn(scene.file), keys.map((key) => key!.kid));
  }
});

Deno.test("another key under the same name is another key", async () => {
  await using scene = await aFile();
  const key = await aSigningKey("one");
  await scene.put(JSON.stringify({ keys: [key] }));
  deepEqual(scene.file.current.keys, [key]);
});

Deno.test("signing keys that cannot be used are told of once, without their contents, and change nothing", async () => {
  await using scene = await aFile();
  const { current } = scene.file;
  const [one, two] = [current.keys[0]!, await aSigningKey("two")];
  const secret = two.d;
  const bad = [
    secret,
    "",
    "{}",
    JSON.stringify({ keys: [] }),
    JSON.stringify({ keys: [one, { ...two, kid: "one" }] }),
    JSON.stringify({ keys: [{ ...one, d: secret }] }),
    JSON.stringify({ keys: [{ ...one, crv: "P-384" }] }),
  ];
  for (const text of bad) {
    const { message, "error.message": reason = "" } = await scene.put(text);
    equal(message, "Cannot take new signing keys: the old stay in force");
    match(reason, /^OIDC_SIGNING_KEYS_FILE: /);
    equal(reason.includes(secret), false);
    equal(scene.file.current, current);
  }
  equal(scene.lines.length, bad.length);
  equal((await scene.put(JSON.stringify({ keys: [two] }))).message, "Signing keys changed");
});

Deno.test("signing keys outlive the file that they were read from", async () => {
  await using scene = await aFile();
  const { current } = scene.file;
  const two = JSON.stringify({ keys: [await aSigningKey("two")] });
  match((await scene.put(undefined))["error.message"]!, /Cannot read the file it names/);
  equal(scene.file.current, current);
  equal((await scene.put(two)).message, "Signing keys changed");
});

Deno.test("what follows the keys of the file holds exactly what the schema lets through", async () => {
  await using scene = await aFile();
  const key = { ...await aSigningKey("two"), note: "kept by its owner" };
  await scene.put(JSON.stringify({ keys: [key], rotation: { phase: "published" } }));
  deepEqual(scene.file.current, SigningKeys.parse({ keys: [key] }));
  equal("note" in scene.file.current.keys[0]!, false);
});
