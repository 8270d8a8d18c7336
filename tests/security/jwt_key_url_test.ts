import { equal } from "node:assert/strict";
import { aToken, byEs256, jwtAttackTest, stranger } from "../fixtures/token_gateway.ts";

let asked = 0;
/** Where the attacker keeps the key: it must never be looked for there. */
const attacker = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
  asked++;
  const key = { ...stranger.publicKey.export({ format: "jwk" }), kid: "es" };
  return Response.json({ keys: [key] });
});
const url = `http://127.0.0.1:${attacker.addr.port}/jwks`;

/** RFC 8725, section 3.10: a token that says where its key is to be fetched. */
jwtAttackTest("a token that says where its key is has nobody look there", {
  forged() {
    const sign = byEs256(stranger.privateKey);
    return {
      "jku": aToken({ header: { jku: url }, sign }),
      "jku with an unknown kid": aToken({ header: { jku: url, kid: "other" }, sign }),
      "x5u": aToken({ header: { x5u: url }, sign }),
      "an address for a kid": aToken({ header: { kid: url }, sign }),
      "jku, rightly signed": aToken({ header: { jku: url } }),
      "x5u, rightly signed": aToken({ header: { x5u: url } }),
    };
  },
});

Deno.test("nobody has asked the attacker for a key", async () => {
  await attacker.shutdown();
  equal(asked, 0);
});
