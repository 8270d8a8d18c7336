import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { ConfigError } from "platform/config";
import { type Fields, silentLogger } from "platform/telemetry";
import { KeyExhaustedError, KeyUses, keyUsesMax, replicasMax } from "./key_uses.ts";

const log = silentLogger;

async function withFile(check: (file: string) => void): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    check(`${dir}/key_uses.json`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("KeyUses refuses a key that was used as often as it may be, and no other", () => {
  const uses = new KeyUses({ log, usesMax: 3 });
  for (let use = 0; use < 3; use++) uses.count("k1");
  throws(() => uses.count("k1"), KeyExhaustedError);
  throws(() => uses.count("k1"), { message: 'Cannot seal: key "k1" was used 3 times' });
  uses.count("k2");
});

Deno.test("KeyUses warns once, well before a key is used up", () => {
  const warnings: Fields[] = [];
  const uses = new KeyUses({
    log: { ...log, warn: (_message, fields = {}) => void warnings.push(fields) },
    usesMax: 8,
  });
  for (let use = 0; use < 5; use++) uses.count("k1");
  equal(warnings.length, 0);
  for (let use = 5; use < 8; use++) uses.count("k1");
  deepEqual(warnings.map((fields) => fields["encryption.key.uses"]), [6]);
});

Deno.test("KeyUses remembers over restarts at least the uses that were made", async () => {
  await withFile((file) => {
    const usesMax = 10_000;
    const first = new KeyUses({ file, log, usesMax });
    for (let use = 0; use < 5_000; use++) first.count("k1");
    // Not told to stop: as after a crash.
    const second = new KeyUses({ file, log, usesMax });
    let more = 0;
    throws(() => {
      for (;; more++) second.count("k1");
    }, KeyExhaustedError);
    ok(more <= 5_000, `${more} more than are left`);
    ok(more > 0, "a restart costs few");
    second.count("k2");
  });
});

Deno.test("KeyUses does not begin at 0 again when its file is spoilt", async () => {
  await withFile((file) => {
    for (const text of ["", "{", "[]", '{"k1":-1}', '{"k1":"many"}']) {
      Deno.writeTextFileSync(file, text);
      throws(() => new KeyUses({ file, log }), ConfigError);
    }
  });
});

Deno.test("KeyUses lets all replicas of a program together stay below the limit of NIST SP 800-38D", () => {
  ok(keyUsesMax * replicasMax <= 2 ** 32);
});
