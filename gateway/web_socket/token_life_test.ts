import { equal } from "node:assert/strict";
import { tokenLifeMs } from "./token_life.ts";

const nowMs = 1_000_000;

function lifeOf(authorization: string): number | undefined {
  return tokenLifeMs(new Request("https://edge.test", { headers: { authorization } }), nowMs);
}

function jwt(payload: string): string {
  const part = new TextEncoder().encode(payload).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
  return `Bearer e30.${part}.c2ln`;
}

Deno.test("a token's life is what is left until its exp, and never less than nothing", () => {
  equal(lifeOf(jwt(`{"exp":1060}`)), 60_000);
  equal(lifeOf(jwt(`{"exp":10}`)), 0);
});

Deno.test("what tells no exp has no end that could be known", () => {
  for (
    const text of [jwt("{}"), jwt("no JSON"), jwt(`{"exp":"soon"}`), "Bearer opaque", "Basic eDp5"]
  ) {
    equal(lifeOf(text), undefined, text);
  }
});
