import { aToken, jwtAttackTest } from "../fixtures/token_gateway.ts";

jwtAttackTest("a token whose time has not come is refused at the edge", {
  forged() {
    const now = Math.floor(Date.now() / 1000);
    return {
      "not before an hour": aToken({ claims: { nbf: now + 3_600, exp: now + 7_200 } }),
      "not before a minute": aToken({ claims: { nbf: now + 60 } }),
      "issued in an hour": aToken({ claims: { iat: now + 3_600, exp: now + 7_200 } }),
      "with a text for its time": aToken({ claims: { nbf: String(now) } }),
      "with null for its time": aToken({ claims: { nbf: null } }),
      "at the end of numbers": aToken({
        rewriteClaims: (json) => json.replace(/}$/, ',"nbf":1e999}'),
      }),
    };
  },
  genuine: () => ({
    "its time has come": aToken({ claims: { nbf: Math.floor(Date.now() / 1000) - 1 } }),
  }),
});
