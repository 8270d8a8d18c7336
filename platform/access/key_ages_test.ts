import { equal, rejects } from "node:assert/strict";
import { Problem, problemTypes } from "platform/problem";
import { createAuthenticator } from "./authenticate.ts";
import type { KeyAges } from "./issuer_keys.ts";
import { aToken, audience, issuer, jwks, noonSeconds } from "./testing/tokens.ts";

/** An issuer that can go away, and counts how often it is asked. */
async function scene(keyAges: Partial<KeyAges> = {}) {
  const published = await jwks();
  const keys = { asked: 0, isAway: false };
  const authenticate = createAuthenticator({
    issuer,
    audience,
    jwksUri: `${issuer}/jwks`,
    clientId: "orders",
    verifiedTokensMax: 0,
    now: () => new Date(noonSeconds * 1000),
    keyAges,
    fetch: () => {
      keys.asked++;
      if (keys.isAway) return Promise.reject(new TypeError("The issuer is away"));
      return Promise.resolve(Response.json(published));
    },
  });
  const accept = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return await authenticate(new Request("https://orders/orders", { headers }));
  };
  return { keys, accept };
}

Deno.test("However many tokens name a key that is not known, the issuer is asked once in ten seconds", async () => {
  const { keys, accept } = await scene();
  for (let at = 0; at < 500; at++) {
    const forged = await aToken({ header: { kid: `unknown ${at}` } });
    await rejects(
      accept(forged),
      (thrown) => thrown instanceof Problem && thrown.kind === problemTypes.invalidToken,
    );
  }
  equal(keys.asked, 1);
  equal((await accept(await aToken())).subject, "ada");
  equal(keys.asked, 1);
});

Deno.test("While the issuer is away, its keys are used on, and it is not asked by everybody who comes", async () => {
  const { keys, accept } = await scene({ freshMs: 0 });
  const token = await aToken();
  equal((await accept(token)).subject, "ada");
  const before = keys.asked;
  keys.isAway = true;
  for (let at = 0; at < 50; at++) equal((await accept(token)).subject, "ada");
  equal(keys.asked, before + 1);
});

Deno.test("Keys that are older than the ceiling tell nothing: then nobody's token can be judged", async () => {
  const { keys, accept } = await scene({ freshMs: 0, maxMs: 0 });
  const token = await aToken();
  equal((await accept(token)).subject, "ada");
  keys.isAway = true;
  await rejects(
    accept(token),
    (thrown) => thrown instanceof Problem && thrown.kind === problemTypes.unavailable,
  );
});
