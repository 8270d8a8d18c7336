import { aToken, jwtAttackTest } from "../fixtures/token_gateway.ts";

const spellings = [
  "es256",
  "Es256",
  "eS256",
  "ES256 ",
  " ES256",
  "ES256\u0000",
  "ES-256",
  "ＥＳ256",
  "ES256K",
  "ECDSA",
  "EDDSA",
  "Ed25519",
  "hs256",
  "toString",
  "__proto__",
  ["ES256"],
  { alg: "ES256" },
  256,
  true,
  null,
  undefined,
];

/** RFC 8725, section 3.1: an algorithm that one reader knows by this name, and another does not. */
jwtAttackTest("an algorithm has one spelling at the edge, even over a right signature", {
  forged: () =>
    Object.fromEntries(spellings.map((alg) => [JSON.stringify(alg), aToken({ header: { alg } })])),
});
