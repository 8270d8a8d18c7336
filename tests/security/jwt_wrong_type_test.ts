import { aToken, jwtAttackTest } from "../fixtures/token_gateway.ts";

const types = [
  "JWT",
  "dpop+jwt",
  "logout+jwt",
  "at+jwt+",
  "at+jwt ",
  "at",
  "application/jwt",
  "application/application/at+jwt",
  "text/at+jwt",
  "",
  null,
  undefined,
  7,
  ["at+jwt"],
  { "at+jwt": true },
];

/** RFC 8725, section 3.11: another token of the same issuer's, such as an ID token, taken for an access token. */
jwtAttackTest("a token of another type is no access token at the edge, though rightly signed", {
  forged: () =>
    Object.fromEntries(types.map((typ) => [JSON.stringify(typ), aToken({ header: { typ } })])),
  genuine: () =>
    Object.fromEntries(
      ["AT+JWT", "At+Jwt", "application/at+jwt", "Application/AT+JWT"].map((typ) => [
        typ,
        aToken({ header: { typ } }),
      ]),
    ),
});
