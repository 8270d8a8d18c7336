import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { KeyRing, type KeyRingContents, KeyUses } from "platform/crypto";
import { silentLogger } from "platform/telemetry";

/** A ring of random keys for as long as the test runs: a key is made when it is first named. */
export class TestKeyRing extends KeyRing {
  readonly #keys: Map<string, KeyObject>;
  readonly #blindIndexKey: KeyObject;

  constructor({ usesMax }: { readonly usesMax?: number } = {}) {
    const keys = new Map<string, KeyObject>();
    const blindIndexKey = aKey();
    const uses = new KeyUses({ log: silentLogger, ...usesMax !== undefined && { usesMax } });
    super(contentsOf(keys, blindIndexKey, ["k1"]), uses);
    this.#keys = keys;
    this.#blindIndexKey = blindIndexKey;
  }

  /** From now on has these keys and no others; the first is the current one. */
  hold(currentKeyId: string, ...otherKeyIds: readonly string[]): void {
    this.replace(contentsOf(this.#keys, this.#blindIndexKey, [currentKeyId, ...otherKeyIds]));
  }
}

function contentsOf(
  known: Map<string, KeyObject>,
  blindIndexKey: KeyObject,
  [currentKeyId, ...others]: readonly [string, ...string[]],
): KeyRingContents {
  const keys = new Map([currentKeyId, ...others].map((id) => {
    const key = known.get(id) ?? aKey();
    known.set(id, key);
    return [id, key] as const;
  }));
  return { currentKeyId, keys, blindIndexKey };
}

function aKey(): KeyObject {
  return createSecretKey(randomBytes(32));
}
