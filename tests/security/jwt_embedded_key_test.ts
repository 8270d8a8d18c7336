import { aToken, byEs256, jwtAttackTest, keys, stranger } from "../fixtures/token_gateway.ts";

/** RFC 8725, section 3.10 and CVE-2018-0114: a token that brings the key along by which it is to be checked. */
jwtAttackTest("a token that brings its own key is refused at the edge, whoever has signed it", {
  forged() {
    const foreign = stranger.publicKey.export({ format: "jwk" });
    const own = keys.es.publicKey.export({ format: "jwk" });
    const sign = byEs256(stranger.privateKey);
    const certificate = stranger.publicKey.export({ type: "spki", format: "der" })
      .toString("base64");
    return {
      "a stranger's, signed with it": aToken({ header: { jwk: foreign }, sign }),
      "a stranger's under our name": aToken({ header: { jwk: { ...foreign, kid: "es" } }, sign }),
      "without a kid": aToken({ header: { jwk: foreign, kid: undefined }, sign }),
      "as a certificate": aToken({ header: { x5c: [certificate] }, sign }),
      "our own, rightly signed": aToken({ header: { jwk: own } }),
      "nothing, rightly signed": aToken({ header: { jwk: null } }),
      "a certificate, rightly signed": aToken({ header: { x5c: [] } }),
    };
  },
});
