import { equal, ok, throws } from "node:assert/strict";
import {
  constants,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign as signWith,
} from "node:crypto";
import {
  DisposedKeyError,
  type SignatureAlgorithm,
  type SignatureTraits,
  signatureTraits,
  type SignatureVerifier,
  UnfitKeyError,
  type VerifyingKey,
} from "platform/signatures";

interface Signer {
  readonly jwk: JsonWebKey;
  sign(data: Uint8Array, options?: { readonly saltLength?: number }): Uint8Array;
}

const message = new TextEncoder().encode("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ");
const algorithms = Object.keys(signatureTraits) as SignatureAlgorithm[];
/** Of ten thousand keys, OpenSSL holds more than that. */
const leakBytes = 10_000_000;
const elliptic = ["ES256", "ES384", "ES512"] as const;
const rsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const;
const orders = {
  ES256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ES384:
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  ES512: 2n ** 521n -
    0x5ae79787c40d069948033feb708f65a2fc44a36477663b851449048e16ec79bf7n,
};
const edwardsOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

const rsaPair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const otherRsaPair = generateKeyPairSync("rsa", { modulusLength: 2048 });

function pairFor(algorithm: SignatureAlgorithm, rsaKeys = rsaPair) {
  const { kty, crv }: SignatureTraits = signatureTraits[algorithm];
  if (kty === "RSA") return rsaKeys;
  return kty === "EC"
    ? generateKeyPairSync("ec", { namedCurve: crv! })
    : generateKeyPairSync("ed25519");
}

function aSigner(algorithm: SignatureAlgorithm, rsaKeys = rsaPair): Signer {
  const { publicKey, privateKey } = pairFor(algorithm, rsaKeys);
  return signerOf(algorithm, publicKey, privateKey);
}

function signerOf(
  algorithm: SignatureAlgorithm,
  publicKey: KeyObject,
  privateKey: KeyObject,
): Signer {
  const { hash, isPss, kty }: SignatureTraits = signatureTraits[algorithm];
  return {
    jwk: publicKey.export({ format: "jwk" }),
    sign(data, { saltLength = constants.RSA_PSS_SALTLEN_DIGEST } = {}) {
      const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
      const key = kty === "EC"
        ? { key: privateKey, dsaEncoding: "ieee-p1363" as const }
        : isPss
        ? { key: privateKey, ...pss }
        : privateKey;
      return new Uint8Array(signWith(hash ?? null, data, key));
    },
  };
}

/** Big-endian, `length` bytes. */
function bytesOf(value: bigint, length: number): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(length * 2, "0"));
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytes.toHex()}`);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function derInteger(bytes: Uint8Array, front: readonly number[]): number[] {
  const content = [...front, ...bytes];
  return [0x02, content.length, ...content];
}

/** What every SignatureVerifier must do. Without `open`, the tests are ignored. */
export function signatureVerifierContract(adapter: string, open?: () => SignatureVerifier): void {
  function test(promise: string, check: (verifier: SignatureVerifier) => void): void {
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      fn() {
        using verifier = open!();
        check(verifier);
      },
    });
  }

  for (const algorithm of algorithms) {
    test(`accepts what a key signs by ${algorithm}, however often, and an empty message`, (verifier) => {
      const { jwk, sign } = aSigner(algorithm);
      using key = verifier.importKey({ ...jwk, alg: algorithm, use: "sig" }, algorithm);
      for (let round = 0; round < 20; round++) {
        const data = message.subarray(0, message.length - round);
        ok(key.verify(data, sign(data)));
        equal(key.verify(message, sign(new Uint8Array())), false);
      }
      ok(key.verify(new Uint8Array(), sign(new Uint8Array())));
      equal(key.algorithm, algorithm);
    });

    test(`refuses by ${algorithm} what another key has signed, or what was changed`, (verifier) => {
      const { jwk, sign } = aSigner(algorithm);
      const other = aSigner(algorithm, otherRsaPair);
      using key = verifier.importKey(jwk, algorithm);
      const signature = sign(message);
      equal(key.verify(message, other.sign(message)), false);
      equal(key.verify(message.subarray(1), signature), false);
      for (let at = 0; at < signature.length; at++) {
        const changed = signature.slice();
        changed[at]! ^= 1;
        equal(key.verify(message, changed), false, `byte ${at}`);
      }
      ok(key.verify(message, signature), "and still accepts the right one");
    });

    test(`refuses by ${algorithm} a signature of any other length, and of nothing`, (verifier) => {
      const { jwk, sign } = aSigner(algorithm);
      using key = verifier.importKey(jwk, algorithm);
      const signature = sign(message);
      const zero = new Uint8Array(1);
      const half = signature.length / 2;
      const wrong = [
        // The same two numbers, each with a zero in front.
        joined(zero, signature.subarray(0, half), zero, signature.subarray(half)),
        new Uint8Array(),
        signature.subarray(1),
        signature.subarray(0, -1),
        signature.subarray(0, 1),
        joined(signature, zero),
        joined(zero, signature),
        joined(signature, signature),
        new Uint8Array(signature.length),
        new Uint8Array(signature.length).fill(255),
        new Uint8Array(100_000),
      ];
      for (const one of wrong) equal(key.verify(message, one), false, `${one.length} bytes`);
    });
  }

  for (const algorithm of elliptic) {
    test(`refuses by ${algorithm} an r or s that is out of range, or no number of the curve's`, (verifier) => {
      const { jwk, sign } = aSigner(algorithm);
      using key = verifier.importKey(jwk, algorithm);
      const signature = sign(message);
      const half = signature.length / 2;
      const [r, s] = [signature.subarray(0, half), signature.subarray(half)];
      const zero = new Uint8Array(half);
      const order = bytesOf(orders[algorithm], half);
      const one = bytesOf(1n, half);
      const most = new Uint8Array(half).fill(255);
      const pairs = [[zero, zero], [r, zero], [zero, s], [order, order], [r, order], [order, s]];
      pairs.push([one, one], [most, most], [one, zero], [order, zero], [s, r]);
      for (const pair of pairs) {
        equal(key.verify(message, joined(...pair)), false, pair.map(numberOf).join());
      }
    });

    test(`takes by ${algorithm} no DER, however it is written`, (verifier) => {
      const { jwk, sign } = aSigner(algorithm);
      using key = verifier.importKey(jwk, algorithm);
      const signature = sign(message);
      const half = signature.length / 2;
      for (const front of [[], [0], [0, 0]]) {
        const content = [
          ...derInteger(signature.subarray(0, half), front),
          ...derInteger(signature.subarray(half), front),
        ];
        for (const head of [[0x30, content.length], [0x30, 0x81, content.length], [0x30, 0x80]]) {
          const der = new Uint8Array([...head, ...content]);
          equal(key.verify(message, der), false);
          const cut = der.subarray(0, signature.length);
          equal(key.verify(message, cut), false, "nor cut to the right length");
        }
      }
    });

    test(`accepts by ${algorithm} numbers that begin with zeros`, (verifier) => {
      const { jwk, sign } = aSigner(algorithm);
      using key = verifier.importKey(jwk, algorithm);
      const half = signatureTraits[algorithm].signatureBytes / 2;
      let found = 0;
      // One signature in 128 has one; whoever signs twice may get the same one twice.
      for (let round = 0; round < 10_000 && found < 2; round++) {
        const data = new TextEncoder().encode(`message ${round}`);
        const signature = sign(data);
        if (signature[0] !== 0 && signature[half] !== 0) continue;
        found++;
        ok(key.verify(data, signature));
      }
      equal(found, 2);
    });
  }

  test("refuses by EdDSA an s that the group's order was added to", (verifier) => {
    const { jwk, sign } = aSigner("EdDSA");
    using key = verifier.importKey(jwk, "EdDSA");
    const signature = sign(message);
    const s = numberOf(signature.slice(32).reverse()) + edwardsOrder;
    equal(key.verify(message, joined(signature.subarray(0, 32), bytesOf(s, 32).reverse())), false);
  });

  test("refuses by PS256 a salt of another length, and what RS256 signed", (verifier) => {
    const { jwk, sign } = aSigner("PS256");
    using key = verifier.importKey(jwk, "PS256");
    equal(key.verify(message, sign(message, { saltLength: 0 })), false);
    equal(key.verify(message, aSigner("RS256").sign(message)), false);
    using pkcs = verifier.importKey(jwk, "RS256");
    equal(pkcs.verify(message, sign(message)), false);
  });

  refusedKeys(test);
  ownership(test);
}

type Test = (promise: string, check: (verifier: SignatureVerifier) => void) => void;

function refusedKeys(test: Test): void {
  test("refuses a key of another type or curve, or that is meant for something else", (verifier) => {
    for (const algorithm of algorithms) {
      const { jwk } = aSigner(algorithm);
      const { kty, crv }: SignatureTraits = signatureTraits[algorithm];
      const unfit = algorithms.filter((other) => {
        const traits: SignatureTraits = signatureTraits[other];
        return traits.kty !== kty || traits.crv !== crv;
      });
      for (const other of unfit) throws(() => verifier.importKey(jwk, other), UnfitKeyError);
      const purposes: JsonWebKey[] = [
        { alg: algorithms.find((other) => other !== algorithm)! },
        { alg: algorithm.toLowerCase() },
        { use: "enc" },
        { "key_ops": ["encrypt"] },
        { d: "AQAB" },
        { kty: "oct", k: "c2VjcmV0" },
      ];
      for (const purpose of purposes) {
        const key = { ...jwk, ...purpose };
        throws(() => verifier.importKey(key, algorithm), UnfitKeyError, JSON.stringify(purpose));
      }
    }
  });

  test("refuses a point that is not on its curve, and what is no key at all", (verifier) => {
    for (const algorithm of elliptic) {
      const { jwk } = aSigner(algorithm);
      const zero = jwk.x!.replaceAll(/./g, "A");
      for (
        const change of [{ x: jwk.y!, y: jwk.x! }, { x: zero, y: zero }, { y: "" }, { x: "AQ" }]
      ) {
        throws(() => verifier.importKey({ ...jwk, ...change }, algorithm), UnfitKeyError);
      }
    }
    const { jwk } = aSigner("EdDSA");
    throws(() => verifier.importKey({ ...jwk, x: "AQAB" }, "EdDSA"), UnfitKeyError);
    throws(() => verifier.importKey({}, "EdDSA"), UnfitKeyError);
  });

  test("refuses an RSA key that is too small, too large or of an odd exponent", (verifier) => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const small = publicKey.export({ format: "jwk" });
    const { jwk } = aSigner("RS256");
    const large = { ...jwk, n: new Uint8Array(1025).fill(255).toBase64({ alphabet: "base64url" }) };
    const even = { ...jwk, e: "AQAC" };
    const one = { ...jwk, e: "AQ" };
    const long = { ...jwk, e: jwk.n! };
    for (const algorithm of rsa) {
      for (const key of [small, large, even, one, long]) {
        throws(() => verifier.importKey(key, algorithm), UnfitKeyError);
      }
    }
  });
}

function ownership(test: Test): void {
  test("verifies by no key that was given up, by itself or with its verifier", (verifier) => {
    const kept: VerifyingKey[] = [];
    for (const algorithm of algorithms) {
      const { jwk, sign } = aSigner(algorithm);
      const key = verifier.importKey(jwk, algorithm);
      const signature = sign(message);
      ok(key.verify(message, signature));
      key[Symbol.dispose]();
      key[Symbol.dispose]();
      throws(() => key.verify(message, signature), DisposedKeyError);
      kept.push(verifier.importKey(jwk, algorithm));
    }
    verifier[Symbol.dispose]();
    throws(() => verifier.importKey(aSigner("ES256").jwk, "ES256"), DisposedKeyError);
    for (const key of kept) {
      throws(() => key.verify(message, message), DisposedKeyError);
      key[Symbol.dispose]();
    }
  });

  test("keeps keys apart, in whatever order they come and go", (verifier) => {
    const signers = Array.from({ length: 8 }, () => aSigner("ES256"));
    const signatures = signers.map(({ sign }) => sign(message));
    const keys = signers.map(({ jwk }) => verifier.importKey(jwk, "ES256"));
    for (let first = 0; first < keys.length; first++) {
      for (let at = first; at < keys.length; at++) {
        ok(keys[at]!.verify(message, signatures[at]!));
        equal(keys[at]!.verify(message, signatures[(at + 1) % keys.length]!), false);
      }
      keys[first]![Symbol.dispose]();
    }
  });

  test("does not grow by ten thousand keys that come and go, nor by as many signatures", (verifier) => {
    const { jwk, sign } = aSigner("RS256");
    const signature = sign(message);
    const wrong = new Uint8Array(256);
    const churn = (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        using key = verifier.importKey(jwk, "RS256");
        if (round % 100 === 0) ok(key.verify(message, signature));
        key.verify(message, wrong);
      }
    };
    churn(2_000);
    // Tests beside this one grow too: a leak of ours shows in every round.
    const grownBytes: number[] = [];
    while (grownBytes.length < 5 && !grownBytes.some((bytes) => bytes < leakBytes)) {
      const before = Deno.memoryUsage().rss;
      churn(10_000);
      grownBytes.push(Deno.memoryUsage().rss - before);
    }
    ok(grownBytes.some((bytes) => bytes < leakBytes), `grew by ${grownBytes} bytes`);
  });
}
