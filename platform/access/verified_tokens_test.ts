import { deepEqual, equal } from "node:assert/strict";
import { VerifiedTokens, type VerifiedTokensLimits } from "./verified_tokens.ts";

const value = { rememberedUntilSeconds: 300 };

function filled(limits: VerifiedTokensLimits, tokens: readonly string[]): readonly string[] {
  const verified = new VerifiedTokens(limits);
  for (const token of tokens) verified.remember(token, value, 0);
  return tokens.filter((token) => verified.find(token, 0));
}

Deno.test("So many verified tokens are remembered and no more: the oldest go first", () => {
  deepEqual(filled({ tokensMax: 3 }, ["a", "b", "c"]), ["a", "b", "c"]);
  deepEqual(filled({ tokensMax: 3 }, ["a", "b", "c", "d", "e"]), ["c", "d", "e"]);
});

Deno.test("Verified tokens take no more characters together than they may", () => {
  deepEqual(filled({ charactersMax: 10 }, ["aaaa", "bbbb", "cc"]), ["aaaa", "bbbb", "cc"]);
  deepEqual(filled({ charactersMax: 10 }, ["aaaa", "bbbb", "ccc"]), ["bbbb", "ccc"]);
  deepEqual(filled({ charactersMax: 10 }, ["a", "b".repeat(11)]), ["a"]);
});

Deno.test("A memory of no tokens remembers none", () => {
  deepEqual(filled({ tokensMax: 0 }, ["a"]), []);
});

Deno.test("Verified tokens are forgotten when their time is over, and make room for others", () => {
  const verified = new VerifiedTokens();
  verified.remember("a", value, 0);
  verified.remember("b", value, 0);
  equal(verified.find("a", 299), value);
  equal(verified.find("a", 300), undefined);
  equal(verified.size, 1);
  verified.remember("c", { rememberedUntilSeconds: 600 }, 300);
  equal(verified.size, 1, "nobody asked for b again, and it is gone");
});

Deno.test("A token that is verified again is counted once", () => {
  const verified = new VerifiedTokens({ charactersMax: 10 });
  for (let round = 0; round < 9; round++) verified.remember("aaaaa", value, 0);
  verified.remember("bbbbb", value, 0);
  equal(verified.find("aaaaa", 0), value);
  equal(verified.size, 2);
  verified.clear();
  equal(verified.size, 0);
});
