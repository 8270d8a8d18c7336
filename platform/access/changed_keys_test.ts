import { equal, rejects } from "node:assert/strict";
import { createLocalJWKSet } from "jose";
import { Problem, problemTypes } from "platform/problem";
import { authenticatorFor } from "./authenticate.ts";
import { aScene, aToken, edDsa, issuer, jwks, noonSeconds, withHeader } from "./testing/tokens.ts";

function isInvalid(thrown: unknown): boolean {
  return thrown instanceof Problem && thrown.kind === problemTypes.invalidToken;
}

Deno.test("A key that the issuer has since begun to sign with is fetched for the first token that it signed", async () => {
  let keys = (await jwks()).keys.filter(({ kid }) => kid !== "ed");
  const { accept, asked } = aScene(() => Promise.resolve(Response.json({ keys })), {
    keyAges: { minMs: 0 },
  });
  await accept(await aToken());
  keys = (await jwks()).keys.filter(({ kid }) => kid !== "es");
  const young = await aToken({ header: { alg: "EdDSA", kid: "ed" }, key: edDsa.privateKey });
  equal((await accept(young)).subject, "ada");
  equal(asked.count, 2);
});

Deno.test("However many tokens name keys that nobody knows, the issuer is asked no more often for them", async () => {
  const { accept, asked } = aScene();
  await accept(await aToken());
  const forged = Array.from({ length: 100 }, (_, n) => aToken({ header: { kid: `forged ${n}` } }));
  for (const token of await Promise.all(forged)) await rejects(accept(token), isInvalid);
  equal(asked.count, 1);
  equal((await accept(await aToken({ claims: { sub: "bob" } }))).subject, "bob");
});

Deno.test("A token outlives its key by five minutes at most, whatever it says of itself", async () => {
  let keys = createLocalJWKSet(await jwks());
  let seconds = noonSeconds;
  const rules = { issuer, audience: "https://localhost:8443", jwksUri: "", clientId: "payment" };
  const authenticate = authenticatorFor(
    rules,
    (header, token) => keys(header, token),
    () => new Date(seconds * 1000),
  );
  const request = withHeader(`Bearer ${await aToken({ claims: { exp: noonSeconds + 86_400 } })}`);
  equal((await authenticate(request)).subject, "ada");
  keys = createLocalJWKSet({ keys: [] });
  seconds += 299;
  equal((await authenticate(request)).subject, "ada");
  seconds += 1;
  await rejects(async () => await authenticate(request), isInvalid);
});
