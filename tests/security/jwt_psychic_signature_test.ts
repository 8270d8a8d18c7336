import { aToken, base64url, byEs256, jwtAttackTest } from "../fixtures/token_gateway.ts";

const order = Uint8Array.fromHex(
  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
);
const zero = new Uint8Array(32);
const one = Uint8Array.from(zero, (_, at) => at === 31 ? 1 : 0);

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** CVE-2022-21449: numbers for which a careless verifier finds every signature right. */
jwtAttackTest("a signature of zeros, or of any numbers out of range, is refused at the edge", {
  forged() {
    const token = aToken();
    const signed = token.slice(0, token.lastIndexOf("."));
    const right = byEs256()(new TextEncoder().encode(signed));
    const [r, s] = [right.subarray(0, 32), right.subarray(32)];
    const signatures = {
      "r = s = 0": joined(zero, zero),
      "r = 0": joined(zero, s),
      "s = 0": joined(r, zero),
      "r = s = n": joined(order, order),
      "r = n": joined(order, s),
      "s = n": joined(r, order),
      "r = s = 1": joined(one, one),
      "r = s = 2^256 - 1": new Uint8Array(64).fill(255),
      "s and r the other way round": joined(s, r),
      "zeros in DER": new Uint8Array([0x30, 6, 2, 1, 0, 2, 1, 0]),
      "right numbers in DER": joined(
        new Uint8Array([0x30, 70, 2, 33, 0]),
        r,
        new Uint8Array([2, 33, 0]),
        s,
      ),
      "zeros, and too many": new Uint8Array(96),
      "zeros, and too few": new Uint8Array(32),
      "a zero": new Uint8Array(1),
    };
    return Object.fromEntries(
      Object.entries(signatures).map(([name, bytes]) => [name, `${signed}.${base64url(bytes)}`]),
    );
  },
});
