import { aToken, jwtAttackTest, type Tokens } from "../fixtures/token_gateway.ts";

/** RFC 8725, section 2.1: a token that says that it needs no signature. */
function unsigned(): Tokens {
  const spellings = ["none", "None", "NONE", "nOnE", "none ", "", "null"];
  return Object.fromEntries(spellings.flatMap((alg) => {
    const token = aToken({ header: { alg } });
    const unsigned = token.slice(0, token.lastIndexOf("."));
    return [
      [`"${alg}" with a signature`, token],
      [`"${alg}" with an empty signature`, `${unsigned}.`],
      [`"${alg}" in two parts`, unsigned],
      [`"${alg}" with a byte for a signature`, `${unsigned}.AA`],
    ];
  }));
}

jwtAttackTest("a token that claims to need no signature is refused at the edge", {
  forged: unsigned,
});

jwtAttackTest("a token whose signature was taken away is refused at the edge", {
  forged() {
    const token = aToken();
    const unsigned = token.slice(0, token.lastIndexOf("."));
    return { "with an empty signature": `${unsigned}.`, "in two parts": unsigned };
  },
});
