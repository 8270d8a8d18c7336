import { aToken, issuer, jwtAttackTest } from "../fixtures/token_gateway.ts";

/** RFC 8725, section 3.8: our keys under another's name. */
jwtAttackTest("a token of another issuer is refused at the edge, though rightly signed", {
  forged() {
    const issuers = [
      "https://evil.example/oidc",
      `${issuer}/`,
      `${issuer}.evil.example`,
      issuer.toUpperCase(),
      issuer.slice(0, -1),
      `https://evil.example/?${issuer}`,
      ` ${issuer}`,
      `${issuer}\u0000`,
      "",
      "constructor",
      "__proto__",
      [issuer],
      { issuer },
      null,
      undefined,
    ];
    return Object.fromEntries(
      issuers.map((iss) => [JSON.stringify(iss), aToken({ claims: { iss } })]),
    );
  },
});
