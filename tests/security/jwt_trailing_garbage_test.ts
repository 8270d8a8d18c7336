import { aToken, base64url, jwtAttackTest, type Tokens } from "../fixtures/token_gateway.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The same bytes, written with bits behind their end. */
function sloppilyWritten(part: string): string {
  return part.slice(0, -1) + alphabet[alphabet.indexOf(part.at(-1)!) + 1];
}

function withGarbage(): Tokens {
  const token = aToken();
  const [header = "", payload = "", signature = ""] = token.split(".");
  const outOfPlace = ["A", "AA", "AAAA", "=", "==", ".", "..", "!", "%00", ",", ";", "~", "/", "+"];
  const appended = outOfPlace.map((garbage) => [`"${garbage}" behind`, token + garbage]);
  return {
    ...Object.fromEntries(appended),
    "a dot in front": `.${token}`,
    "a letter in front": `A${token}`,
    "a fourth part": `${token}.${signature}`,
    "five parts": `${header}.${payload}.${signature}.${payload}.${signature}`,
    "two signatures": `${header}.${payload}.${signature}${signature}`,
    "two tokens": `${token},${token}`,
    "bits behind the signature": `${header}.${payload}.${sloppilyWritten(signature)}`,
    "padding within": `${header}=.${payload}.${signature}`,
    "text behind the header": aToken({ rewriteHeader: (json) => `${json}{}` }),
    "text behind the claims": aToken({ rewriteClaims: (json) => `${json} x` }),
    "a byte order mark": aToken({ rewriteClaims: (json) => `\ufeff${json}` }),
    "a list of claims": aToken({ rewriteClaims: (json) => `[${json}]` }),
    "no text in the header": `${base64url(new Uint8Array([255, 254]))}.${payload}.${signature}`,
    "JSON serialization": base64url(JSON.stringify({ protected: header, payload, signature })),
  };
}

jwtAttackTest("a token is refused at the edge with anything before, behind or between its parts", {
  forged: withGarbage,
});

jwtAttackTest("a signature in another alphabet is refused at the edge", {
  forged() {
    for (;;) {
      const token = aToken({ claims: { jti: crypto.randomUUID() } });
      const [header, payload, signature = ""] = token.split(".");
      const other = signature.replaceAll("-", "+").replaceAll("_", "/");
      if (other !== signature) return { "base64": `${header}.${payload}.${other}` };
    }
  },
});
