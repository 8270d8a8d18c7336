import { deepEqual, doesNotThrow, equal, throws } from "node:assert/strict";
import { ConfigError } from "platform/config";
import { checkEncryption, kmsConfigOf } from "./encryption_config.ts";

const key = new Uint8Array(32).fill(7).toBase64();
const ring = { current: "k1", keys: { k1: key }, blindIndex: key };
const kms = {
  ENCRYPTION_KMS_KEY_ID: "alias/sallyport",
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "hunter2",
};

/** The faults of an environment whose ring file holds `contents`. */
async function faultsOf(
  contents: unknown,
  env: Readonly<Record<string, string>> = {},
  options?: Parameters<typeof checkEncryption>[1],
): Promise<readonly string[]> {
  const file = await Deno.makeTempFile();
  try {
    const text = typeof contents === "string" ? contents : JSON.stringify(contents);
    await Deno.writeTextFile(file, text);
    const given: Readonly<Record<string, string>> = { ENCRYPTION_KEYS_FILE: file, ...env };
    checkEncryption((name) => given[name], options);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    equal(thrown.message.includes("hunter2") || thrown.message.includes(key), false);
    return thrown.faults;
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("checkEncryption takes a ring of keys of 32 bytes", async () => {
  deepEqual(await faultsOf(ring), []);
  deepEqual(await faultsOf({ current: "k1", keys: { k1: key } }), []);
});

Deno.test("checkEncryption refuses a ring that it cannot use, without repeating what is in it", async () => {
  const none = ["ENCRYPTION_KEYS_FILE: names no key ring file"];
  for (
    const contents of [
      "not JSON, but hunter2",
      { ...ring, current: "k2" },
      { ...ring, keys: {} },
      { ...ring, keys: { k1: "not base64: hunter2" } },
      { ...ring, current: "toString" },
      { ...ring, extra: true },
    ]
  ) deepEqual(await faultsOf(contents), none);
  const short = new Uint8Array(16).toBase64();
  for (const contents of [{ ...ring, keys: { k1: short } }, { ...ring, blindIndex: short }]) {
    const faults = ["ENCRYPTION_KEYS_FILE: each key of its ring must have 32 bytes"];
    deepEqual(await faultsOf(contents), faults);
  }
});

Deno.test("checkEncryption wants a key for blind indexes where there are some", async () => {
  const without = { current: "k1", keys: { k1: key } };
  const faults = ["ENCRYPTION_KEYS_FILE: its ring has no key for blind indexes"];
  deepEqual(await faultsOf(without, {}, { needsBlindIndex: true }), faults);
});

Deno.test("checkEncryption names all that KMS cannot be asked without, and a ring that is none", async () => {
  deepEqual(await faultsOf("hunter2", { ENCRYPTION_KMS_KEY_ID: "alias/sallyport" }), [
    "AWS_REGION: Needed when ENCRYPTION_KMS_KEY_ID is set",
    "AWS_ACCESS_KEY_ID: Needed when ENCRYPTION_KMS_KEY_ID is set",
    "AWS_SECRET_ACCESS_KEY: Needed when ENCRYPTION_KMS_KEY_ID is set",
    "ENCRYPTION_KEYS_FILE: names no key ring file",
  ]);
});

Deno.test("checkEncryption leaves the length of what KMS has wrapped to KMS", async () => {
  const wrapped = new Uint8Array(184).toBase64();
  deepEqual(await faultsOf({ current: "k1", keys: { k1: wrapped } }, kms), []);
});

Deno.test("kmsConfigOf() asks KMS only when it is told by which key, and never half", () => {
  equal(kmsConfigOf({ AWS_REGION: "eu-central-1" }), undefined);
  doesNotThrow(() => kmsConfigOf(kms));
  throws(() => kmsConfigOf({ ...kms, AWS_REGION: undefined }), ConfigError);
});
