import { pause } from "platform/lifecycle";
import type { IdempotencyStore, KeyUse } from "./idempotency.ts";

/** How many keys of one store are remembered. Those beyond it are free when their lease runs out. */
export const heldKeysMax = 1_000;
const retryMs = 500;

interface HeldKey {
  readonly use: KeyUse;
  readonly leasedUntil: Date;
  readonly forgottenMs: number;
}

/** By store: what could not be let go of, because the store was away. */
const held = new WeakMap<IdempotencyStore, HeldKey[]>();

/**
 * Lets go of a key. Resolves after the first try; when that fails, others follow in the background for
 * `leaseMs`: else nobody could use the key before, however soon the store is back. Nothing is thrown: what
 * the caller is told of is why the key was to be let go.
 */
export async function letGo(
  store: IdempotencyStore,
  use: KeyUse,
  { leasedUntil, leaseMs }: { readonly leasedUntil: Date; readonly leaseMs: number },
): Promise<void> {
  const key = { use, leasedUntil, forgottenMs: performance.now() + leaseMs };
  if (await isReleased(store, key)) return;
  const keys = held.get(store);
  if (!keys) {
    held.set(store, [key]);
    void letGoOfHeld(store);
  } else if (keys.length < heldKeysMax) keys.push(key);
}

/** One call at a time, whatever there is to let go of: a store that is coming back has others to answer. */
async function letGoOfHeld(store: IdempotencyStore): Promise<void> {
  const keys = held.get(store)!;
  const { signal } = new AbortController();
  await pause(retryMs, signal);
  for (let key = keys[0]; key; key = keys[0]) {
    if (performance.now() > key.forgottenMs || await isReleased(store, key)) keys.shift();
    else await pause(retryMs, signal);
  }
  held.delete(store);
}

async function isReleased(
  store: IdempotencyStore,
  { use, leasedUntil }: HeldKey,
): Promise<boolean> {
  try {
    await store.release(use, leasedUntil);
    return true;
  } catch {
    return false;
  }
}
