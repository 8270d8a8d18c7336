import { equal, ok, rejects, throws } from "node:assert/strict";
import { exportJWK, generateKeyPair } from "jose";
import { Problem, problemTypes } from "platform/problem";
import { RuntimeVerifier, type SignatureVerifier } from "platform/signatures";
import type { Authenticate } from "./access.ts";
import {
  createAuthenticator,
  createAuthenticatorOf,
  type IssuerOptions,
  type TokenIds,
  type VerificationOptions,
} from "./authenticate.ts";
import { aToken, edDsa, issuer, jwks, noonSeconds, rs256, withHeader } from "./testing/tokens.ts";

function isInvalid(thrown: unknown): boolean {
  return thrown instanceof Problem && thrown.kind === problemTypes.invalidToken;
}

const ours: IssuerOptions = {
  issuer,
  audience: "https://localhost:8443",
  jwksUri: "https://auth.test/oidc/jwks",
  clientId: "payment",
  fetch: async () => Response.json(await jwks()),
  keyAges: { minMs: 0 },
};

/** The runtime's verifier, which says how often a signature was looked at. */
function aCountingVerifier() {
  const runtime = new RuntimeVerifier();
  const looked = { count: 0 };
  const verifier: SignatureVerifier = {
    library: "runtime",
    importKey(jwk, algorithm) {
      const key = runtime.importKey(jwk, algorithm);
      return {
        algorithm,
        verify(data, signature) {
          looked.count++;
          return key.verify(data, signature);
        },
        [Symbol.dispose]: () => key[Symbol.dispose](),
      };
    },
    [Symbol.dispose]() {},
  };
  return { verifier, looked };
}

function aScene(options: VerificationOptions = {}, issuers: readonly IssuerOptions[] = [ours]) {
  const clock = { seconds: noonSeconds };
  const { verifier, looked } = aCountingVerifier();
  const now = () => new Date(clock.seconds * 1000);
  const authenticate = createAuthenticatorOf(issuers, { now, verifier, ...options });
  return { clock, looked, authenticate, accept: accepting(authenticate) };
}

function accepting(authenticate: Authenticate) {
  return async (token: string) => await authenticate(withHeader(`Bearer ${token}`));
}

Deno.test("A caller is known at once, unless keys must be fetched first", async () => {
  const { authenticate } = aScene();
  const first = authenticate(withHeader(`Bearer ${await aToken()}`));
  ok(first instanceof Promise);
  await first;
  const seen = authenticate(withHeader(`Bearer ${await aToken()}`));
  ok(!(seen instanceof Promise));
  const fresh = authenticate(withHeader(`Bearer ${await aToken({ claims: { sub: "bob" } })}`));
  ok(!(fresh instanceof Promise) && fresh.subject === "bob");
});

Deno.test("A token is verified once, or at each use where nothing is remembered", async () => {
  const token = await aToken();
  for (const [verifiedTokensMax, times] of [[undefined, 1], [1, 1], [0, 3]] as const) {
    const { accept, looked } = aScene(verifiedTokensMax === undefined ? {} : { verifiedTokensMax });
    for (let use = 0; use < 3; use++) equal((await accept(token)).subject, "ada");
    equal(looked.count, times);
  }
});

Deno.test("Nobody looks at the signature of a token that can be refused without", async () => {
  const { accept, looked } = aScene();
  const traits = [
    { claims: { exp: noonSeconds - 6 } },
    { claims: { nbf: noonSeconds + 6 } },
    { claims: { iat: noonSeconds + 6 } },
    { claims: { iss: "https://evil.example" } },
    { claims: { aud: "https://evil.example" } },
    { claims: { sub: "" } },
    { header: { typ: "JWT" } },
    { header: { kid: "other" } },
  ];
  for (const one of traits) await rejects(accept(await aToken(one)), isInvalid);
  equal(looked.count, 0);
  await accept(await aToken());
  equal(looked.count, 1);
});

Deno.test("A token may be issued a little ahead of our clock, and no further", async () => {
  const { accept } = aScene();
  ok(await accept(await aToken({ claims: { iat: noonSeconds + 5 } })));
  await rejects(accept(await aToken({ claims: { iat: noonSeconds + 6 } })), isInvalid);
});

Deno.test("A token that is revoked is refused, seen before or not", async () => {
  const asked: TokenIds[] = [];
  const revoked = new Set<string>();
  const { accept } = aScene({
    isRevoked: (ids) => {
      asked.push(ids);
      return [ids.sub, ids.jti, ids.sid].some((id) => id !== undefined && revoked.has(id));
    },
  });
  const token = await aToken({ claims: { jti: "t1", sid: "s1" } });
  await accept(token);
  for (const id of ["t1", "s1", "ada"]) {
    revoked.add(id);
    await rejects(accept(token), isInvalid, id);
    revoked.clear();
    await accept(token);
  }
  equal(asked[0]?.jti, "t1");
  revoked.add("ada");
  await rejects(accept(await aToken({ claims: { jti: "t2" } })), isInvalid, "not seen before");
});

Deno.test("When a key is withdrawn, tokens that were verified before are verified again", async () => {
  const published = (await jwks()).keys;
  const es = published.find(({ kid }) => kid === "es")!;
  const stranger = await exportJWK((await generateKeyPair("ES256")).publicKey);
  const changes = {
    withdrawn: published.filter((key) => key !== es),
    replaced: [...published.filter((key) => key !== es), { ...stranger, kid: "es" }],
    "said to be for something else": published.map((key) =>
      key === es ? { ...es, use: "enc" } : key
    ),
  };
  for (const [name, changed] of Object.entries(changes)) {
    let keys = published;
    const fetch = () => Promise.resolve(Response.json({ keys }));
    const { accept } = aScene({}, [{ ...ours, fetch }]);
    const token = await aToken();
    await accept(token);
    keys = changed;
    await accept(token);
    // It is seen when the keys are fetched next: here, for one that nobody knows.
    await rejects(accept(await aToken({ header: { kid: "unknown" } })), isInvalid);
    await rejects(accept(token), isInvalid, name);
  }
});

Deno.test("A key more, or the same keys again, leave verified tokens as they are", async () => {
  const published = (await jwks()).keys;
  let keys = published.filter(({ kid }) => kid !== "ed");
  const fetch = () => Promise.resolve(Response.json({ keys }));
  const { accept, looked } = aScene({}, [{ ...ours, fetch }]);
  const token = await aToken();
  await accept(token);
  const unknown = await aToken({ header: { kid: "unknown" } });
  await rejects(accept(unknown), isInvalid);
  keys = published.toReversed();
  await rejects(accept(unknown), isInvalid);
  await accept(await aToken({ header: { alg: "EdDSA", kid: "ed" }, key: edDsa.privateKey }));
  const before = looked.count;
  await accept(token);
  equal(looked.count, before);
});

Deno.test("Two keys of one name are no key, unless only one of them is for the algorithm", async () => {
  const [es, rs] = (await jwks()).keys;
  const other = await exportJWK((await generateKeyPair("ES256")).publicKey);
  const rsToken = await aToken({ header: { alg: "RS256" }, key: rs256.privateKey });
  const keysOf = (...keys: unknown[]) => () =>
    Promise.resolve(Response.json({ keys: keys.map((key) => ({ ...key as object, kid: "es" })) }));
  const two = aScene({}, [{ ...ours, fetch: keysOf(es, other) }]);
  await rejects(two.accept(await aToken()), isInvalid);
  const distinct = aScene({}, [{ ...ours, fetch: keysOf(es, rs) }]);
  equal((await distinct.accept(await aToken())).subject, "ada");
  equal((await distinct.accept(rsToken)).subject, "ada");
});

const theirs = "https://idp.example/realms/shop";

Deno.test("Of several issuers, each is held to its own keys, audience, types and algorithms", async () => {
  const pair = await generateKeyPair("PS256", { extractable: true });
  const key = { ...await exportJWK(pair.publicKey), kid: "es" };
  const { accept } = aScene({}, [ours, {
    ...ours,
    issuer: theirs,
    audience: "shop",
    algorithms: ["PS256"],
    types: ["JWT"],
    fetch: () => Promise.resolve(Response.json({ keys: [key] })),
  }]);
  const claims = { iss: theirs, aud: "shop" };
  const header = { alg: "PS256", typ: "JWT" };
  const genuine = await aToken({ claims, header, key: pair.privateKey });
  equal((await accept(genuine)).subject, "ada");
  equal((await accept(await aToken())).subject, "ada");
  const confused = [
    aToken({ claims, header: { typ: "JWT" } }),
    aToken({ claims: { ...claims, iss: issuer }, header, key: pair.privateKey }),
    aToken({ claims: { aud: "shop" } }),
    aToken({ header: { typ: "JWT" } }),
    aToken({ claims: { iss: theirs }, header, key: pair.privateKey }),
    aToken({ claims, header: { alg: "PS256" }, key: pair.privateKey }),
    aToken({ claims: { iss: "https://nobody.example" } }),
  ];
  for (const token of confused) await rejects(accept(await token), isInvalid);
});

Deno.test("An outage of one issuer's keys is none of another's", async () => {
  const away = { ...ours, issuer: theirs, fetch: () => Promise.reject(new TypeError("refused")) };
  const { accept } = aScene({}, [away, ours]);
  equal((await accept(await aToken())).subject, "ada");
  await rejects(
    accept(await aToken({ claims: { iss: theirs } })),
    (thrown) => thrown instanceof Problem && thrown.kind === problemTypes.unavailable,
  );
});

Deno.test("Two issuers of one name are refused at the start", () => {
  throws(() => createAuthenticatorOf([ours, ours]), /two issuers have the same name/);
  ok(createAuthenticator(ours));
});
