import { equal, match } from "node:assert/strict";
import { createHash } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { signIn } from "tools/client";
import { demoRedirectUri } from "tools/platform";
import { openTestPlatform, type TestPlatform } from "../fixtures/platform.ts";
import { drivers } from "../fixtures/oidc_clients/mod.ts";

const key = await generateKeyPair("ES256", { extractable: true });

/** A proof by `key` for a request with `token`. */
async function proofFor(url: URL, token: string, htm = "GET"): Promise<string> {
  return await new SignJWT({
    jti: crypto.randomUUID(),
    htm,
    htu: url.href,
    ath: createHash("sha256").update(token).digest("base64url"),
  }).setIssuedAt()
    .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: await exportJWK(key.publicKey) })
    .sign(key.privateKey);
}

/** A token of alice's that is bound to `key`: by her refresh token, since that takes a proof. */
async function boundToken(platform: TestPlatform): Promise<string> {
  const { edge, credentials } = platform;
  const alice = credentials.users.find(({ email }) => email.startsWith("alice@"))!;
  const { refresh_token: refresh } = await signIn(edge, {
    ...alice,
    redirectUri: demoRedirectUri,
    scope: "openid offline_access",
  });
  const tokenUrl = new URL("/oidc/token", edge.url);
  const ask = async (nonce?: string) => {
    const proof = await new SignJWT({
      jti: crypto.randomUUID(),
      htm: "POST",
      htu: tokenUrl.href,
      ...nonce !== undefined && { nonce },
    }).setIssuedAt()
      .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: await exportJWK(key.publicKey) })
      .sign(key.privateKey);
    const form = {
      "grant_type": "refresh_token",
      "client_id": "sallyport-web",
      "refresh_token": refresh!,
    };
    return await edge.fetch("/oidc/token", {
      method: "POST",
      headers: { dpop: proof },
      body: new URLSearchParams(form),
    });
  };
  const first = await ask();
  equal((await first.json()).error, "use_dpop_nonce");
  const second = await ask(first.headers.get("dpop-nonce")!);
  const { access_token: token, token_type: type } = await second.json();
  equal(type, "DPoP");
  return token;
}

Deno.test("a token that is bound to a key is good with proofs of it, at the edge and at each service", async (t) => {
  await using platform = await openTestPlatform();
  const token = await boundToken(platform);
  const ask = async (path: string, headers: Readonly<Record<string, string>>) => {
    const answer = await platform.edge.fetch(path, { headers });
    await answer.body?.cancel();
    return answer;
  };
  const proven = async (path: string, at = path) => ({
    authorization: `DPoP ${token}`,
    dpop: await proofFor(new URL(at, platform.edge.url), token),
  });

  await t.step("with a proof, services answer too", async () => {
    for (const path of ["/users/me", "/orders", "/payments", "/oidc/me"]) {
      equal((await ask(path, await proven(path))).status, 200, path);
    }
  });
  await t.step("a proof that is replayed is refused", async () => {
    const headers = await proven("/orders");
    equal((await ask("/orders", headers)).status, 200);
    const replayed = await ask("/orders", headers);
    equal(replayed.status, 401);
    match(replayed.headers.get("www-authenticate") ?? "", /^DPoP error="invalid_dpop_proof"/);
  });
  await t.step("a proof for another path, and a claim of the path, are refused", async () => {
    const headers = await proven("/orders", "/users/me");
    equal((await ask("/orders", { ...headers, "x-forwarded-path": "/users/me" })).status, 401);
  });
  await t.step("without a proof it is worth nothing, whatever it is called", async () => {
    for (const scheme of ["Bearer", "DPoP"]) {
      equal((await ask("/orders", { authorization: `${scheme} ${token}` })).status, 401, scheme);
    }
  });
});

Deno.test("clients of others call the edge with bound tokens", async (t) => {
  await using platform = await openTestPlatform();
  const { edge, credentials } = platform;
  const machine = credentials.clients.find(({ client_id: id }) => id === "demo-machine")!;
  const fetch: typeof globalThis.fetch = (input, init) =>
    edge.fetch(String(input instanceof Request ? input.url : input), init);
  for (const driver of drivers) {
    await t.step(driver.name, async () => {
      const client = await driver.open(new URL(credentials.issuer), {
        id: machine.client_id,
        secret: machine.client_secret!,
        provesKey: true,
        fetch,
      });
      const { access_token: token } = await client.clientCredentials();
      equal((await client.call(token, new URL("/payments", edge.url))).status, 200);
    });
  }
});
