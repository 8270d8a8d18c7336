import { aToken, jwtAttackTest } from "../fixtures/token_gateway.ts";

function front(members: string): (json: string) => string {
  return (json) => json.replace("{", `{${members},`);
}

function back(members: string): (json: string) => string {
  return (json) => json.replace(/}$/, `,${members}}`);
}

/** RFC 7515, section 4 and RFC 7519, section 4: of two members of one name, readers disagree which one counts. */
jwtAttackTest("a token that names something twice is refused at the edge, though rightly signed", {
  forged() {
    return {
      "alg": aToken({ rewriteHeader: front('"alg":"none"') }),
      "alg, the same": aToken({ rewriteHeader: front('"alg":"ES256"') }),
      "alg, escaped": aToken({ rewriteHeader: front('"\\u0061lg":"none"') }),
      "kid": aToken({ rewriteHeader: front('"kid":"other"') }),
      "typ": aToken({ rewriteHeader: back('"typ":"at+jwt"') }),
      "sub": aToken({ rewriteClaims: front('"sub":"admin"') }),
      "sub, last": aToken({ rewriteClaims: back('"sub":"admin"') }),
      "sub, escaped": aToken({ rewriteClaims: back('"\\u0073ub":"admin"') }),
      "roles": aToken({ rewriteClaims: back('"roles":["admin"]') }),
      "iss": aToken({ rewriteClaims: front('"iss":"https://evil.example"') }),
      "exp": aToken({ rewriteClaims: front('"exp":1') }),
      "__proto__": aToken({ rewriteClaims: back('"__proto__":1,"__proto__":2') }),
      "deep inside": aToken({ rewriteClaims: back('"a":[{"b":{"c":1,"c":1}}]') }),
      "with brackets in between": aToken({ rewriteClaims: back('"a":"\\"}:{","a":"]"') }),
    };
  },
  genuine: () => ({
    "names that look alike": aToken({
      rewriteClaims: back('"Sub":"a","a":{"sub":"b"},"c":[{"sub":1},{"sub":2}],"d":"\\":\\\\"'),
    }),
  }),
});
