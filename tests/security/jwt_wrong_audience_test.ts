import { aToken, audience, issuer, jwtAttackTest } from "../fixtures/token_gateway.ts";

/** RFC 8725, section 3.9: a token that was issued for somebody else. */
jwtAttackTest("a token for another audience is refused at the edge, though rightly signed", {
  forged() {
    const audiences = [
      "https://evil.example",
      `${audience}/`,
      `${audience}.evil.example`,
      audience.toUpperCase(),
      audience.slice(0, -1),
      ` ${audience}`,
      issuer,
      "*",
      "",
      [],
      ["https://evil.example"],
      [[audience]],
      { [audience]: true },
      null,
      undefined,
    ];
    return Object.fromEntries(
      audiences.map((aud) => [JSON.stringify(aud), aToken({ claims: { aud } })]),
    );
  },
  genuine: () => ({
    "among others": aToken({ claims: { aud: ["https://other.example", audience] } }),
  }),
});
