import {
  aToken,
  byEs256,
  byHs256,
  byRs256,
  jwtAttackTest,
  keys,
  type Tokens,
} from "../fixtures/token_gateway.ts";

/** RFC 8725, section 2.1: a public key, which everyone knows, taken for the secret of an HMAC. */
jwtAttackTest("a public key is no secret to sign with, however it is written, at the edge", {
  forged() {
    const tokens: Record<string, string> = {};
    for (const [kid, { publicKey }] of Object.entries(keys)) {
      const jwk = publicKey.export({ format: "jwk" });
      const pem = publicKey.export({ type: "spki", format: "pem" }) as string;
      const secrets = {
        pem,
        "pem without its last line break": pem.trim(),
        der: new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
        jwk: JSON.stringify(jwk),
        "published jwk": JSON.stringify({ ...jwk, kid }),
        "first coordinate or modulus": Uint8Array.fromBase64((jwk.x ?? jwk.n)!, {
          alphabet: "base64url",
        }),
        nothing: "",
      };
      for (const [name, secret] of Object.entries(secrets)) {
        for (const alg of ["HS256", "RS256", "ES256"]) {
          const header = { alg, kid };
          tokens[`${kid} ${name} as ${alg}`] = aToken({ header, sign: byHs256(secret) });
        }
      }
    }
    return tokens;
  },
});

function anotherKeysAlgorithm(): Tokens {
  return {
    "RS256 by the key of ES256": aToken({ header: { alg: "RS256" }, sign: byRs256() }),
    "ES256 by the key of RS256": aToken({ header: { kid: "rs" }, sign: byEs256() }),
    "EdDSA by the key of ES256": aToken({ header: { alg: "EdDSA" } }),
    "ES256 by the key of EdDSA": aToken({ header: { kid: "ed" } }),
    "ES384 by the key of ES256": aToken({ header: { alg: "ES384" } }),
    "PS256 by the key of RS256": aToken({ header: { alg: "PS256", kid: "rs" }, sign: byRs256() }),
    "RS512 by the key of RS256": aToken({ header: { alg: "RS512", kid: "rs" }, sign: byRs256() }),
  };
}

jwtAttackTest("a key is used for its own algorithm and no other at the edge", {
  forged: anotherKeysAlgorithm,
  genuine: () => ({
    "RS256 by its key": aToken({ header: { alg: "RS256", kid: "rs" }, sign: byRs256() }),
  }),
});
