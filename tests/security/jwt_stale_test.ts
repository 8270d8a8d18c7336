import { aToken, jwtAttackTest } from "../fixtures/token_gateway.ts";

jwtAttackTest("a token whose time is over, or that never ends, is refused at the edge", {
  forged() {
    const now = Math.floor(Date.now() / 1000);
    return {
      "over": aToken({ claims: { iat: now - 900, exp: now - 600 } }),
      "just over": aToken({ claims: { exp: now - 6 } }),
      "over since 1970": aToken({ claims: { exp: 0 } }),
      "over before 1970": aToken({ claims: { exp: -now } }),
      "without an end": aToken({ claims: { exp: undefined } }),
      "with null for an end": aToken({ claims: { exp: null } }),
      "with a text for an end": aToken({ claims: { exp: String(now + 300) } }),
      "with a list for an end": aToken({ claims: { exp: [now + 300] } }),
      "at the end of numbers": aToken({
        rewriteClaims: (json) => json.replace(/"exp":\d+/, '"exp":1e999'),
      }),
      "without a beginning": aToken({ claims: { iat: undefined } }),
    };
  },
});
