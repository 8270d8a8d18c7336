import { aToken, byHs256, jwtAttackTest } from "../fixtures/token_gateway.ts";

const kids = [
  "../../../../dev/null",
  "/proc/self/environ",
  "..\\..\\windows\\win.ini",
  "es' OR '1'='1",
  "x' UNION SELECT 'c2VjcmV0",
  "es|cat /etc/passwd",
  "$(id)",
  "https://evil.example/es",
  "es\u0000.pem",
  "es ",
  "ES",
  "ES256 es",
  "__proto__",
  "constructor",
  "",
  "x".repeat(4_000),
];

/** RFC 8725, section 3.10: the name of a key, used as a path, a query or a command. */
jwtAttackTest("a key's name is a name at the edge, and nothing to be opened, asked or run", {
  forged() {
    const named = kids.flatMap((kid) => [
      [kid.slice(0, 40), aToken({ header: { kid } })],
      [
        `HMAC of nothing, ${kid.slice(0, 40)}`,
        aToken({
          header: { kid, alg: "HS256" },
          sign: byHs256(""),
        }),
      ],
    ]);
    const untyped = [["es"], { es: 1 }, 0, true, null, undefined]
      .map((kid) => [`of another type: ${JSON.stringify(kid)}`, aToken({ header: { kid } })]);
    return Object.fromEntries([...named, ...untyped]);
  },
});
