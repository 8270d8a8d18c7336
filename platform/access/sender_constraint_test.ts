import { deepEqual, equal, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  type GenerateKeyPairResult,
  SignJWT,
} from "jose";
import { Problem, problemResponse } from "platform/problem";
import { authenticatorFor } from "./authenticate.ts";
import { shownAtEdge, shownBehindEdge } from "./shown.ts";
import { aToken, audience, issuer, jwks, noonSeconds } from "./testing/tokens.ts";

const path = "https://edge.example/orders";
const keys = await generateKeyPair("ES256", { extractable: true });
const others = await generateKeyPair("ES256", { extractable: true });
const jkt = await calculateJwkThumbprint(await exportJWK(keys.publicKey));
const thumbprint = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

type Changes = Readonly<Record<string, unknown>>;

/** A good proof for a GET of `path` with `token`, but for what the test says. */
async function aProof(
  token: string,
  { claims = {}, header = {}, pair = keys, alg = "ES256" }: {
    readonly claims?: Changes;
    readonly header?: Changes;
    readonly pair?: GenerateKeyPairResult;
    readonly alg?: string;
  } = {},
): Promise<string> {
  return await new SignJWT({
    jti: crypto.randomUUID(),
    htm: "GET",
    htu: path,
    iat: noonSeconds,
    ath: createHash("sha256").update(token).digest("base64url"),
    ...claims,
  }).setProtectedHeader({
    alg,
    typ: "dpop+jwt",
    jwk: await exportJWK(pair.publicKey),
    ...header,
  }).sign(pair.privateKey);
}

async function scene() {
  const seen = new Set<string>();
  const authenticate = authenticatorFor(
    { issuer, audience, jwksUri: `${issuer}/jwks`, clientId: "orders" },
    createLocalJWKSet(await jwks()),
    () => new Date(noonSeconds * 1000),
    {
      sender: {
        shownBy: shownAtEdge(["https://edge.example", "https://edge.example:8445"]),
        isFirst: (name) => seen.size < seen.add(name).size,
      },
    },
  );
  return async (
    headers: Readonly<Record<string, string>>,
    connection?: { readonly clientCertificate: { readonly thumbprint: string } },
    url = `${path}?limit=1`,
  ) => (await authenticate(new Request(url, { headers }), connection)).subject;
}

/** The challenge of a refusal. */
async function challengeOf(promise: Promise<unknown>): Promise<string> {
  let challenge = "";
  await rejects(promise, (thrown) => {
    if (!(thrown instanceof Problem)) return false;
    const { status, headers } = problemResponse(thrown);
    challenge = headers.get("www-authenticate") ?? "";
    return status === 401;
  });
  return challenge;
}

const badProof = 'DPoP error="invalid_dpop_proof", algs="ES256 EdDSA RS256"';
const badToken = 'DPoP error="invalid_token", algs="ES256 EdDSA RS256"';

Deno.test("a bound token counts with a proof for this very request, and once", async () => {
  const ask = await scene();
  const token = await aToken({ claims: { cnf: { jkt } } });
  const authorization = `DPoP ${token}`;
  const dpop = await aProof(token);
  equal(await ask({ authorization, dpop }), "ada");
  equal(await challengeOf(ask({ authorization, dpop })), badProof, "it was shown before");
  equal(await ask({ authorization, dpop: await aProof(token) }), "ada", "a token that is known");
  const spelled = await aProof(token, { claims: { htu: "https://EDGE.example:443/orders?x#y" } });
  equal(await ask({ authorization: `dpop ${token}`, dpop: spelled }), "ada");
  const atOther = await aProof(token, { claims: { htu: "https://edge.example:8445/orders" } });
  equal(await ask({ authorization, dpop: atOther }), "ada");
});

Deno.test("a proof for something else, by another key, too old or not well made is refused", async () => {
  const ask = await scene();
  const token = await aToken({ claims: { cnf: { jkt } } });
  const authorization = `DPoP ${token}`;
  const { d } = await exportJWK(keys.privateKey);
  const refused: Readonly<Record<string, string>> = {
    "no proof": "",
    "two proofs": `${await aProof(token)}, ${await aProof(token)}`,
    "another method": await aProof(token, { claims: { htm: "POST" } }),
    "another path": await aProof(token, { claims: { htu: "https://edge.example/payments" } }),
    "another host": await aProof(token, { claims: { htu: "https://evil.example/orders" } }),
    "another token": await aProof(token, { claims: { ath: "x".repeat(43) } }),
    "no token": await aProof(token, { claims: { ath: undefined } }),
    "no id": await aProof(token, { claims: { jti: undefined } }),
    "too old": await aProof(token, { claims: { iat: noonSeconds - 51 } }),
    "from the future": await aProof(token, { claims: { iat: noonSeconds + 6 } }),
    "another type": await aProof(token, { header: { typ: "jwt" } }),
    "the private key with it": await aProof(token, {
      header: { jwk: { ...await exportJWK(keys.publicKey), d } },
    }),
    "another's key named": await aProof(token, {
      header: { jwk: await exportJWK(others.publicKey) },
    }),
    "no key": await aProof(token, { header: { jwk: undefined } }),
    "an extension that must be understood": await aProof(token, { header: { crit: ["x"], x: 1 } })
      .catch(() => "none"),
    "unsigned": `${btoa('{"alg":"none","typ":"dpop+jwt"}').replaceAll("=", "")}.e30.`,
  };
  for (const [why, dpop] of Object.entries(refused)) {
    equal(await challengeOf(ask({ authorization, dpop })), badProof, why);
  }
  const stolen = await aProof(token, { pair: others });
  equal(await challengeOf(ask({ authorization, dpop: stolen })), badToken, "a thief's own key");
});

Deno.test("a bound token is not good as a bearer token, nor a bearer token as a bound one", async () => {
  const ask = await scene();
  const bound = await aToken({ claims: { cnf: { jkt } } });
  const dpop = await aProof(bound);
  equal(await challengeOf(ask({ authorization: `Bearer ${bound}`, dpop })), badToken);
  const bearer = await aToken();
  const proof = await aProof(bearer);
  equal(await challengeOf(ask({ authorization: `DPoP ${bearer}`, dpop: proof })), badToken);
  equal(await ask({ authorization: `Bearer ${bearer}` }), "ada");
});

Deno.test("a token that is bound to a certificate counts with that one alone", async () => {
  const ask = await scene();
  const token = await aToken({ claims: { cnf: { "x5t#S256": thumbprint } } });
  const authorization = `Bearer ${token}`;
  const shown = (thumbprint: string) => ({ clientCertificate: { thumbprint } });
  equal(await ask({ authorization }, shown(thumbprint)), "ada");
  const refusal = 'Bearer error="invalid_token"';
  equal(await challengeOf(ask({ authorization })), refusal);
  equal(await challengeOf(ask({ authorization }, shown("another"))), refusal);
});

Deno.test("a token that is bound in a way that is not known is refused", async () => {
  const ask = await scene();
  for (const cnf of [{ kid: "a" }, { jkt, kid: "a" }, "a", null]) {
    const token = await aToken({ claims: { cnf } });
    await challengeOf(ask({ authorization: `Bearer ${token}` }));
  }
  const nothing = await aToken({ claims: { cnf: {} } });
  equal(await ask({ authorization: `Bearer ${nothing}` }), "ada");
});

Deno.test("behind the edge, what a client has shown is the gateway's to say, and nobody else's", () => {
  const shown = shownBehindEdge(["https://edge.example"]);
  const request = new Request("https://orders/", {
    headers: { "x-forwarded-path": "/orders", "client-cert": `:${btoa("der")}:` },
  });
  const by = (program: string) =>
    shown(request, { peer: { spiffeId: `spiffe://sallyport/${program}` } });
  deepEqual(by("gateway"), {
    targets: ["https://edge.example/orders"],
    certificateThumbprint: createHash("sha256").update("der").digest("base64url"),
  });
  deepEqual(by("payment"), { targets: [], certificateThumbprint: undefined });
});
