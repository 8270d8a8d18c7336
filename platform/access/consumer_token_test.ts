import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  RuntimeVerifier,
  type SignatureAlgorithm,
  type SignatureTraits,
  signatureTraits,
  UnfitKeyError,
} from "platform/signatures";
import {
  type ConsumerAlgorithm,
  type ConsumerCredential,
  type ConsumerKey,
  openConsumerKey,
} from "./consumer_key.ts";
import {
  ConsumerTokenError,
  type ConsumerTokenErrorCode,
  type ConsumerTokenRules,
  credentialKeyOf,
  readConsumerToken,
  verifyConsumerToken,
} from "./consumer_token.ts";
import { encode, noonSeconds } from "./testing/tokens.ts";

const verifier = new RuntimeVerifier();
const secret = "s3cret";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const encoder = new TextEncoder();
const noRules: ConsumerTokenRules = { "claims_to_verify": [], "maximum_expiration": 0 };

type Sign = (data: Uint8Array) => Uint8Array;
type Members = Readonly<Record<string, unknown>>;

function byHmac(hash: "sha256" | "sha384" | "sha512", key: string | Uint8Array): Sign {
  return (data) => createHmac(hash, key).update(data).digest();
}

function byKey(algorithm: SignatureAlgorithm, key: KeyObject): Sign {
  const { hash, kty, isPss }: SignatureTraits = signatureTraits[algorithm];
  const dsa = { key, dsaEncoding: "ieee-p1363" as const };
  const options = kty === "EC" ? dsa : isPss ? { key, padding: 6, saltLength: -1 } : { key };
  return (data) => sign(hash ?? null, data, options);
}

interface Traits {
  readonly header?: Members;
  readonly claims?: Members;
  readonly sign?: Sign;
}

function aToken({ header = {}, claims = {}, sign = byHmac("sha256", secret) }: Traits = {}) {
  const signed = [{ alg: "HS256", typ: "JWT", ...header }, { iss: "mobile", ...claims }]
    .map(encode).join(".");
  const signature = new Uint8Array(sign(encoder.encode(signed)));
  return `${signed}.${signature.toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

function aKey(credential: Partial<ConsumerCredential> = {}, secretIsBase64 = false): ConsumerKey {
  const whole = { key: "mobile", algorithm: "HS256", secret, ...credential } as ConsumerCredential;
  return openConsumerKey(whole, { verifier, secretIsBase64 });
}

function verify(text: string, key = aKey(), rules = noRules): Members {
  const now = new Date(noonSeconds * 1000);
  return verifyConsumerToken(readConsumerToken(text), key, { ...rules, now });
}

function refusedFor(code: ConsumerTokenErrorCode, claim?: string): (thrown: unknown) => boolean {
  return (thrown) =>
    thrown instanceof ConsumerTokenError && thrown.code === code && thrown.claim === claim;
}

function pem(key: KeyObject, type: "spki" | "pkcs1" = "spki"): string {
  return key.export({ type, format: "pem" }) as string;
}

for (const algorithm of Object.keys(signatureTraits) as SignatureAlgorithm[]) {
  Deno.test(`A consumer's token by ${algorithm} is verified by the PEM of its credential`, () => {
    const { kty, crv }: SignatureTraits = signatureTraits[algorithm];
    const { publicKey, privateKey } = kty === "RSA"
      ? rsa
      : kty === "EC"
      ? generateKeyPairSync("ec", { namedCurve: crv! })
      : generateKeyPairSync("ed25519");
    using key = aKey({ algorithm, "rsa_public_key": pem(publicKey) });
    const token = aToken({ header: { alg: algorithm }, sign: byKey(algorithm, privateKey) });
    deepEqual(verify(token, key), { iss: "mobile" });
    const forged = aToken({ header: { alg: algorithm } });
    throws(() => verify(forged, key), refusedFor("bad_signature"));
  });
}

const hashes = { HS256: "sha256", HS384: "sha384", HS512: "sha512" } as const;
for (const [algorithm, hash] of Object.entries(hashes)) {
  Deno.test(`A consumer's token by ${algorithm} is verified by the secret of its credential`, () => {
    const key = aKey({ algorithm: algorithm as ConsumerAlgorithm });
    const header = { alg: algorithm };
    ok(verify(aToken({ header, sign: byHmac(hash, secret) }), key));
    const others = [byHmac(hash, "other"), byHmac(hash, ""), () => new Uint8Array(1)];
    for (const sign of others) {
      throws(() => verify(aToken({ header, sign }), key), refusedFor("bad_signature"));
    }
  });
}

Deno.test("The credential decides on the algorithm, whatever the token says", () => {
  const byPublicKey = byHmac("sha256", pem(rsa.publicKey));
  const asymmetric = aKey({ algorithm: "RS256", "rsa_public_key": pem(rsa.publicKey) });
  const tokens = [
    aToken({ sign: byPublicKey }),
    aToken({ header: { alg: "RS512" }, sign: byKey("RS512", rsa.privateKey) }),
    aToken({ header: { alg: "PS256" }, sign: byKey("PS256", rsa.privateKey) }),
    aToken({ header: { alg: "rs256" }, sign: byKey("RS256", rsa.privateKey) }),
    aToken({ header: { alg: "none" } }),
  ];
  for (const token of tokens) {
    throws(() => verify(token, asymmetric), refusedFor("wrong_algorithm"));
  }
  const labelled = aToken({ header: { alg: "RS256" }, sign: byPublicKey });
  throws(() => verify(labelled, asymmetric), refusedFor("bad_signature"));
  throws(() => verify(aToken({ header: { alg: "HS512" } })), refusedFor("wrong_algorithm"));
});

Deno.test("A secret may be written in base64, of either alphabet, and is decoded only then", () => {
  const bytes = new Uint8Array([0xfb, 0xff, 0xfe, 1]);
  const sign = byHmac("sha256", bytes);
  for (const written of ["+//+AQ==", "-__-AQ==", "-__-AQ"]) {
    ok(verify(aToken({ sign }), aKey({ secret: written }, true)), written);
    throws(() => verify(aToken({ sign }), aKey({ secret: written })), refusedFor("bad_signature"));
  }
});

Deno.test("A credential that cannot keep anyone out is not opened", () => {
  const unfit: Partial<ConsumerCredential>[] = [
    { secret: "" },
    { secret: pem(rsa.publicKey) },
    { algorithm: "RS256" },
    { algorithm: "RS256", "rsa_public_key": "no PEM" },
    { algorithm: "ES256", "rsa_public_key": pem(rsa.publicKey) },
    {
      algorithm: "RS256",
      "rsa_public_key": pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey),
    },
    {
      algorithm: "RS256",
      "rsa_public_key": rsa.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    },
    { algorithm: "none" as never },
    { algorithm: "toString" as never },
  ];
  for (const credential of unfit) {
    throws(() => aKey(credential), UnfitKeyError, JSON.stringify(credential));
  }
  throws(() => aKey({ secret: "not base64!" }, true), UnfitKeyError);
  throws(() => aKey({ secret: "====" }, true), UnfitKeyError);
  ok(aKey({ algorithm: "RS256", "rsa_public_key": pem(rsa.publicKey, "pkcs1") }));
});

Deno.test("A token names its credential by a claim, or by a header where there is none", () => {
  const keyOf = (traits: Traits, name?: string) =>
    credentialKeyOf(readConsumerToken(aToken(traits)), name);
  equal(keyOf({}), "mobile");
  equal(keyOf({ claims: { app: "web" } }, "app"), "web");
  equal(keyOf({ header: { kid: "by header" } }, "kid"), "by header");
  equal(keyOf({ header: { kid: "by header" }, claims: { kid: "by claim" } }, "kid"), "by claim");
  for (const name of ["kid", "toString", "__proto__"]) {
    throws(() => keyOf({}, name), refusedFor("key_claim_missing"));
  }
  for (const iss of ["", 7, ["mobile"], { key: "mobile" }, true]) {
    throws(() => keyOf({ claims: { iss } }), refusedFor("key_claim_invalid"));
  }
});

Deno.test("Times are verified where the rules name them, and are demanded there", () => {
  const both: ConsumerTokenRules = { ...noRules, "claims_to_verify": ["exp", "nbf"] };
  const attempt = (claims: Members, rules = both) => verify(aToken({ claims }), aKey(), rules);
  ok(attempt({ exp: noonSeconds + 1, nbf: noonSeconds }));
  throws(() => attempt({ exp: noonSeconds, nbf: 0 }), refusedFor("expired", "exp"));
  const early = { exp: noonSeconds + 9, nbf: noonSeconds + 1 };
  throws(() => attempt(early), refusedFor("not_yet_valid", "nbf"));
  for (const exp of [undefined, String(noonSeconds + 9), null, {}]) {
    throws(() => attempt({ exp, nbf: 0 }), refusedFor("claim_not_number", "exp"));
  }
  throws(() => attempt({ exp: noonSeconds + 9 }), refusedFor("claim_not_number", "nbf"));
  ok(attempt({ exp: noonSeconds - 9, nbf: noonSeconds + 9 }, noRules), "but not unless named");
});

Deno.test("A token that lives longer than it may is refused", () => {
  const rules: ConsumerTokenRules = { "claims_to_verify": ["exp"], "maximum_expiration": 60 };
  const until = (exp: number) => aToken({ claims: { exp } });
  ok(verify(until(noonSeconds + 60), aKey(), rules));
  const late = refusedFor("expires_too_late", "exp");
  throws(() => verify(until(noonSeconds + 61), aKey(), rules), late);
});

Deno.test("A token of another type, or that is none, is refused before any key is looked for", () => {
  for (const typ of ["JWT", "jwt", undefined]) ok(verify(aToken({ header: { typ } })));
  const bad = [
    aToken({ header: { typ: "at+jwt" } }),
    aToken({ header: { typ: 7 } }),
    aToken({ header: { crit: ["exp"] } }),
    aToken({ header: { jwk: {} } }),
    aToken().split(".").slice(0, 2).join("."),
    `${aToken()}.`,
    `${aToken()} `,
    aToken({ claims: { long: "x".repeat(8_192) } }),
    "",
  ];
  for (const token of bad) throws(() => readConsumerToken(token), refusedFor("malformed"));
});
