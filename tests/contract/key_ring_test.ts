import { deepEqual, equal, rejects } from "node:assert/strict";
import { Secret } from "platform/config";
import { openKeyWrapping } from "platform/crypto";
import { eventually } from "../fixtures/eventually.ts";
import { type FakeKms, openFakeKms } from "../fixtures/fake_kms.ts";
import { keyRingContract, RingFolder } from "./key_ring_contract.ts";

keyRingContract("of keys in a file", async (check) => {
  await using folder = await RingFolder.open();
  await check(folder);
});

keyRingContract("of keys wrapped by KMS", async (check) => {
  await using kms = openFakeKms();
  await using folder = await RingFolder.open(kms.config);
  await check(folder);
});

function testKms(
  promise: string,
  check: (kms: FakeKms, folder: RingFolder) => Promise<void>,
): void {
  Deno.test(`A key ring of keys wrapped by KMS ${promise}`, async () => {
    await using kms = openFakeKms();
    await using folder = await RingFolder.open(kms.config);
    await check(kms, folder);
  });
}

testKms("does not open, and says why, while KMS is away", async (kms, folder) => {
  await folder.write({ current: "k1", keys: { k1: await folder.entry("k1") } });
  for (const outage of [500, "silent"] as const) {
    kms.outage = outage;
    await rejects(folder.ring(), {
      name: "ConfigError",
      message: "Cannot start:\n  ENCRYPTION_KMS_KEY_ID: Cannot unwrap keys: KMS does not answer",
    });
  }
  kms.outage = undefined;
  await using _opened = await folder.ring();
});

testKms(
  "asks for each key once, and needs KMS no more until there is a new one",
  async (kms, folder) => {
    const [k1, k2] = [await folder.entry("k1"), await folder.entry("k2")];
    await folder.write({ current: "k1", keys: { k1 } });
    const asked = kms.asked.length;
    await using opened = await folder.ring();
    equal(kms.asked.length, asked + 1);

    kms.outage = 500;
    await folder.write({ current: "k1", keys: { k1, k2 } });
    await eventually("the outage is told", () => folder.errors.length > 0, { everyMs: 1 });
    deepEqual(folder.errors, ["KMS does not answer"]);
    opened.ring.seal(Uint8Array.of(1), () => "here");

    kms.outage = undefined;
    await eventually("k2 is known", () => opened.ring.keyIds.includes("k2"), { everyMs: 1 });
  },
);

testKms("takes no entry for another key, nor that of another KMS", async (_kms, folder) => {
  const k1 = await folder.entry("k1");
  await folder.write({ current: "k2", keys: { k2: k1 } });
  await rejects(folder.ring(), /KMS refuses: InvalidCiphertextException/);

  await using otherKms = openFakeKms();
  await using other = await RingFolder.open(otherKms.config);
  await folder.write({ current: "k1", keys: { k1: await other.entry("k1") } });
  await rejects(folder.ring(), /KMS refuses: InvalidCiphertextException/);
});

Deno.test({
  name: "Keys wrapped by KMS are not told to be unavailable where the process may not ask for them",
  permissions: { net: false, env: "inherit", sys: "inherit", read: "inherit" },
  async fn() {
    for (const endpoint of ["https://kms.example", "https://127.0.0.1:1"]) {
      using wrapping = await openKeyWrapping({
        keyId: "alias/sallyport",
        region: "eu-central-1",
        endpoint,
        credentials: { accessKeyId: "AKIA", secretAccessKey: new Secret("hunter2") },
      });
      await rejects(wrapping.unwrap(Uint8Array.of(1), { service: "orders", keyId: "k1" }), {
        code: "refused",
        message: "This process has no right to connect to KMS",
      });
    }
  },
});
