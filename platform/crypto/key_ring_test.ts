import { deepEqual, equal, rejects } from "node:assert/strict";
import { ConfigError } from "platform/config";
import { parseKeyRing } from "./key_ring.ts";

const key = new Uint8Array(32).fill(7).toBase64();
const variable = "ENCRYPTION_KEYS_FILE";

function parse(ring: unknown) {
  return parseKeyRing(variable, typeof ring === "string" ? ring : JSON.stringify(ring));
}

Deno.test("parseKeyRing reads the current key and those before it", async () => {
  const ring = await parse({ current: "k2", keys: { k1: key, k2: key } });
  equal(ring.currentId, "k2");
  deepEqual([...ring.keys.keys()], ["k1", "k2"]);
});

Deno.test("parseKeyRing gives out no key that could be exported again", async () => {
  const ring = await parse({ current: "k1", keys: { k1: key } });
  await rejects(crypto.subtle.exportKey("raw", ring.keys.get("k1")!));
});

Deno.test("parseKeyRing refuses a ring that it cannot use, without repeating what is in it", async () => {
  const refused = [
    "not JSON, but secret",
    { current: "k1", keys: {} },
    { current: "k2", keys: { k1: key } },
    { current: "k1", keys: { k1: new Uint8Array(16).toBase64() } },
    { current: "k1", keys: { k1: "not base64: secret" } },
    { current: "toString", keys: { k1: key } },
    { current: "k1", keys: { k1: key }, extra: true },
  ];
  for (const ring of refused) {
    await rejects(parse(ring), (thrown) => {
      equal(thrown instanceof ConfigError, true);
      const { message } = thrown as ConfigError;
      equal(message.includes(variable), true);
      equal(message.includes("secret") || message.includes(key), false);
      return true;
    });
  }
});
