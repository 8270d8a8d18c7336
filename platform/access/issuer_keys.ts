import type { JsonWebKey } from "node:crypto";
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type ExportedJWKSCache,
  exportJWK,
  type JWK,
  jwksCache,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
} from "jose";
import { Problem, problemTypes } from "platform/problem";
import {
  isSignatureAlgorithm,
  type SignatureVerifier,
  UnfitKeyError,
  type VerifyingKey,
} from "platform/signatures";
import { KeySet, type Signed } from "./key_set.ts";

/** How old a key set may be. */
export interface KeyAges {
  /** The floor: for a key that is not among them, they are fetched anew at most so often, whoever asks how often. */
  readonly minMs: number;
  /** From then on they are fetched anew before they are used. */
  readonly freshMs: number;
  /** The ceiling: so long they are used when the issuer is away. Then nobody's token can be told from a bad one. */
  readonly maxMs: number;
}

export const keyAges: KeyAges = { minMs: 10_000, freshMs: 60_000, maxMs: 600_000 };
const fetchTimeoutMs = 3_000;

/** The keys of one issuer, as they are now. */
export interface IssuerKeys {
  /**
   * Whether the issuer has the key that is named, and it signed this. At once, where the keys are at hand.
   *
   * @throws {Problem} `unavailable` when the keys are out of reach: nobody's token is bad because of that.
   */
  haveSigned(signed: Signed): boolean | Promise<boolean>;
}

export interface RemoteKeysOptions {
  readonly jwksUri: string;
  readonly fetch: typeof fetch;
  readonly verifier: SignatureVerifier;
  /** Those of {@linkcode keyAges} when absent. */
  readonly ages?: Partial<KeyAges>;
  /** Called when the issuer no longer has a key that it had: what that key has signed counts no longer. */
  readonly onWithdrawn: () => void;
}

/**
 * The keys that an issuer publishes: fetched when they are first needed, once a minute after that, and for
 * a token whose key is not among them. While the issuer is away, those that were fetched last are used on.
 */
export function publishedKeys(options: RemoteKeysOptions): IssuerKeys {
  const { jwksUri, fetch, verifier, onWithdrawn } = options;
  const ages = { ...keyAges, ...options.ages };
  // What was fetched last, which jose keeps here.
  const fetched: Partial<ExportedJWKSCache> = {};
  const remote = createRemoteJWKSet(new URL(jwksUri), {
    [customFetch]: fetch,
    [jwksCache]: fetched as JWKSCacheInput,
    timeoutDuration: fetchTimeoutMs,
    cooldownDuration: ages.minMs,
    cacheMaxAge: ages.freshMs,
  });
  let keys = new KeySet([], verifier);
  let taken: unknown;

  const take = () => {
    if (fetched.jwks === taken || !fetched.jwks) return;
    taken = fetched.jwks;
    const later = new KeySet(fetched.jwks.keys as JsonWebKey[], verifier);
    const isWithdrawn = !keys.isWithin(later);
    const isSame = !isWithdrawn && later.isWithin(keys);
    if (isSame) return;
    keys[Symbol.dispose]();
    keys = later;
    if (isWithdrawn) onWithdrawn();
  };
  // A key is looked for in the same step as it is used: in between, it could be given up.
  const check = ({ kid, alg, signed, signature }: Signed) =>
    keys.find(kid, alg)?.verify(signed, signature);
  let triedInVainMs = -Infinity;
  const mayBeUsedOn = () => taken !== undefined && Date.now() - fetched.uat! < ages.maxMs;
  const reloadAndCheck = async (signed: Signed) => {
    try {
      await remote.reload();
      take();
    } catch (cause) {
      triedInVainMs = Date.now();
      if (!mayBeUsedOn()) throw unavailable(cause);
    }
    return check(signed) ?? false;
  };

  return {
    haveSigned(signed) {
      // An issuer that is away is not asked again by everybody who comes.
      const isAway = Date.now() - triedInVainMs < ages.minMs && mayBeUsedOn();
      if (!remote.fresh && !isAway) return reloadAndCheck(signed);
      const isGood = check(signed);
      if (isGood !== undefined) return isGood;
      return isAway || remote.coolingDown ? false : reloadAndCheck(signed);
    },
  };
}

/** What a key function answers when it has its keys, and none of them is for the token. */
const aboutTheToken = [
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
  errors.JOSENotSupported,
  UnfitKeyError,
];

/** Keys from a function of jose's, which is asked for every token. */
export function keysOf(getKey: JWTVerifyGetKey, verifier: SignatureVerifier): IssuerKeys {
  const imported = new WeakMap<object, VerifyingKey>();

  const importOnce = async (key: Awaited<ReturnType<JWTVerifyGetKey>>, alg: string) => {
    const known = imported.get(key);
    if (known?.algorithm === alg) return known;
    if (!isSignatureAlgorithm(alg)) {
      throw new UnfitKeyError(`Cannot use key: no algorithm "${alg}"`);
    }
    const jwk = isJwk(key) ? key : await exportJWK(key);
    const made = verifier.importKey(jwk as JsonWebKey, alg);
    imported.set(key, made);
    return made;
  };

  return {
    async haveSigned({ kid, alg, signed, signature }) {
      try {
        const key = await importOnce(await getKey({ kid, alg }, noToken), alg);
        return key.verify(signed, signature);
      } catch (cause) {
        if (aboutTheToken.some((kind) => cause instanceof kind)) return false;
        throw unavailable(cause);
      }
    },
  };
}

function isJwk(key: Awaited<ReturnType<JWTVerifyGetKey>>): key is JWK {
  return "kty" in key;
}

/** A key is chosen by the header alone. */
const noToken = { payload: "", signature: "" };

function unavailable(cause: unknown): Problem {
  return new Problem(problemTypes.unavailable, { headers: { "retry-after": "1" }, cause });
}
