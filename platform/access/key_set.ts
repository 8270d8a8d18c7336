import type { JsonWebKey } from "node:crypto";
import {
  isSignatureAlgorithm,
  type SignatureAlgorithm,
  type SignatureVerifier,
  UnfitKeyError,
  type VerifyingKey,
} from "platform/signatures";

/** What a signature is checked by: which key, which algorithm, of what. */
export interface Signed {
  readonly alg: string;
  readonly kid: string;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** A published key, with the name that tokens know it by. */
type PublishedKey = JsonWebKey & { readonly kid?: unknown };

/**
 * The public keys of one issuer at one time. Each is used only for the algorithms that its own type, curve
 * and `alg` allow, and is imported when it is first needed.
 */
export class KeySet implements Disposable {
  readonly #verifier: SignatureVerifier;
  readonly #published: ReadonlyMap<unknown, readonly PublishedKey[]>;
  /** By algorithm and name; null where there is no such key. Only names that were published are kept. */
  readonly #imported = new Map<string, VerifyingKey | null>();

  constructor(keys: readonly PublishedKey[], verifier: SignatureVerifier) {
    this.#verifier = verifier;
    this.#published = Map.groupBy(keys, ({ kid }) => kid);
  }

  /** The key named `kid`, if exactly one of that name is fit for `alg`. */
  find(kid: string, alg: string): VerifyingKey | undefined {
    const name = `${alg} ${kid}`;
    const known = this.#imported.get(name);
    if (known !== undefined) return known ?? undefined;
    const named = this.#published.get(kid);
    if (!named || !isSignatureAlgorithm(alg)) return undefined;
    const [key, ...others] = named.flatMap((jwk) => this.#import(jwk, alg));
    for (const other of others) other[Symbol.dispose]();
    const found = others.length === 0 ? key : undefined;
    if (!found) key?.[Symbol.dispose]();
    this.#imported.set(name, found ?? null);
    return found;
  }

  /** Whether every key of this set is also in `later`, unchanged. */
  isWithin(later: KeySet): boolean {
    const kept = new Set([...later.#published.values()].flat().map(identityOf));
    return [...this.#published.values()].flat().every((key) => kept.has(identityOf(key)));
  }

  [Symbol.dispose](): void {
    for (const key of this.#imported.values()) key?.[Symbol.dispose]();
    this.#imported.clear();
  }

  #import(jwk: PublishedKey, alg: SignatureAlgorithm): VerifyingKey[] {
    try {
      return [this.#verifier.importKey(jwk, alg)];
    } catch (thrown) {
      if (thrown instanceof UnfitKeyError) return [];
      throw thrown;
    }
  }
}

/** All that decides what a published key is good for. */
function identityOf({ kid, kty, crv, alg, use, key_ops: ops, x, y, n, e }: PublishedKey): string {
  return JSON.stringify([kid, kty, crv, alg, use, ops, x, y, n, e]);
}
