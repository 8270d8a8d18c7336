import { aToken, byEs256, jwtAttackTest } from "../fixtures/token_gateway.ts";

/** RFC 7515, section 4.1.11: what a token says must be understood, and is not. All are rightly signed. */
jwtAttackTest("a token with an extension that must be understood is refused at the edge", {
  forged() {
    return {
      "unknown": aToken({ header: { crit: ["sallyport"], sallyport: 1 } }),
      "not there": aToken({ header: { crit: ["sallyport"] } }),
      "empty": aToken({ header: { crit: [] } }),
      "a registered name": aToken({ header: { crit: ["exp"], exp: 1 } }),
      "a text": aToken({ header: { crit: "exp" } }),
      "nothing": aToken({ header: { crit: null } }),
      "b64": aToken({ header: { crit: ["b64"], b64: true } }),
    };
  },
});

/** RFC 7797: a payload that is not encoded. */
jwtAttackTest("a token whose payload is not encoded is refused at the edge", {
  forged() {
    const unencoded = () => {
      const [header, payload] = aToken({ header: { b64: false, crit: ["b64"] } }).split(".");
      const text = new TextDecoder().decode(
        Uint8Array.fromBase64(payload!, { alphabet: "base64url" }),
      );
      const signature = byEs256()(new TextEncoder().encode(`${header}.${text}`));
      return `${header}.${payload}.${
        signature.toBase64({ alphabet: "base64url", omitPadding: true })
      }`;
    };
    return {
      "said to be critical": aToken({ header: { b64: false, crit: ["b64"] } }),
      "not said to be": aToken({ header: { b64: false } }),
      "signed as it is": unencoded(),
      "neither yes nor no": aToken({ header: { b64: "true" } }),
    };
  },
});
