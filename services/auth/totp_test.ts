import { equal, match, notEqual } from "node:assert/strict";
import { Totp } from "./domain/mod.ts";
import { newTotpSecret, normalTotpCode, totpPeriodSeconds, totpStepOf, totpUri } from "./totp.ts";

/** The secret and the codes of RFC 6238, appendix B, cut to six digits. */
const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const vectors = [
  [59, "287082"],
  [1_111_111_109, "081804"],
  [1_111_111_111, "050471"],
  [1_234_567_890, "005924"],
  [2_000_000_000, "279037"],
  [20_000_000_000, "353130"],
] as const;

Deno.test("totpStepOf() knows the codes of RFC 6238", () => {
  for (const [seconds, code] of vectors) {
    const step = Math.floor(seconds / totpPeriodSeconds);
    equal(totpStepOf(secret, code, new Date(seconds * 1000)), step, code);
  }
});

Deno.test("totpStepOf() takes a code one period early or late, and no further", () => {
  const [seconds, code] = vectors[3];
  const step = Math.floor(seconds / totpPeriodSeconds);
  const at = (periods: number) => new Date((step + periods) * totpPeriodSeconds * 1000);
  for (const periods of [-1, 0, 1]) equal(totpStepOf(secret, code, at(periods)), step);
  for (const periods of [-2, 2]) equal(totpStepOf(secret, code, at(periods)), undefined);
});

Deno.test("totpStepOf() knows no code of another length, and none that is not of digits", () => {
  for (const code of ["", "28708", "2870822", "94287082", "28708a", "٢٨٧٠٨٢"]) {
    equal(totpStepOf(secret, code, new Date(59_000)), undefined, code);
  }
});

Deno.test("a new secret is of 160 bits, and another each time", () => {
  const { secret: shape } = Totp.shape;
  equal(shape.parse(newTotpSecret()).length, 32);
  notEqual(newTotpSecret(), newTotpSecret());
});

Deno.test("totpUri() names whose codes they are", () => {
  match(
    totpUri(secret, "ada@example.com"),
    /^otpauth:\/\/totp\/Sallyport:ada%40example\.com\?issuer=Sallyport&secret=GEZDG.*&algorithm=SHA1&digits=6&period=30$/,
  );
});

Deno.test("normalTotpCode() takes codes as apps show them", () => {
  equal(normalTotpCode(" 287 082 "), "287082");
});
