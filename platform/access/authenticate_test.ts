import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { exportJWK, exportSPKI, importJWK } from "jose";
import { Problem } from "platform/problem";
import {
  aScene,
  aToken,
  edDsa,
  encode,
  issuer,
  jwks,
  noonSeconds,
  rs256,
  stranger,
  type TokenClaims,
  type Traits,
  withHeader,
  withHeaderOf,
} from "./testing/tokens.ts";

function refusedAs(type: string, challenge?: string): (thrown: unknown) => boolean {
  return (thrown) =>
    thrown instanceof Problem && thrown.kind.type === `urn:sallyport:problem:${type}` &&
    thrown.options.headers?.["www-authenticate"] === challenge;
}

const isInvalid = refusedAs("invalid-token", 'Bearer error="invalid_token"');
const isUnavailable = refusedAs("unavailable");

async function rolesIn(claims: TokenClaims): Promise<readonly string[]> {
  const { roles } = await aScene().accept(
    await aToken({ claims: { roles: undefined, ...claims } }),
  );
  return [...roles].toSorted();
}

Deno.test("A good token says who calls, through which program, in which roles", async () => {
  deepEqual(await aScene().accept(await aToken()), {
    subject: "ada",
    clientId: "sallyport-web",
    roles: new Set(["customer"]),
  });
});

Deno.test("A token may be signed by any of the accepted algorithms, each with its own key", async () => {
  const { accept } = aScene();
  const rsa = { header: { alg: "RS256", kid: "rs" }, key: rs256.privateKey };
  const edwards = { header: { alg: "EdDSA", kid: "ed" }, key: edDsa.privateKey };
  for (const traits of [{}, rsa, edwards]) {
    equal((await accept(await aToken(traits))).subject, "ada");
  }
});

const wrongClaims: Readonly<Record<string, TokenClaims>> = {
  "of another issuer": { iss: "https://evil.example/oidc" },
  "of an issuer that only begins as ours": { iss: `${issuer}.evil.example` },
  "without an issuer": { iss: undefined },
  "for another audience": { aud: "https://evil.example" },
  "without an audience": { aud: undefined },
  "that has expired": { exp: noonSeconds - 6 },
  "that never expires": { exp: undefined },
  "whose expiry is a text": { exp: String(noonSeconds + 300) },
  "that is not valid yet": { nbf: noonSeconds + 6 },
  "without a subject": { sub: undefined },
  "with an empty subject": { sub: "" },
  "whose subject is too long": { sub: "a".repeat(256) },
  "whose subject is no text": { sub: { id: "ada" } },
  "without its time of issue": { iat: undefined },
};
for (const [name, claims] of Object.entries(wrongClaims)) {
  Deno.test(`A token ${name} is refused`, async () => {
    await rejects(aScene().accept(await aToken({ claims })), isInvalid);
  });
}

const publicPem = new TextEncoder().encode(await exportSPKI(rs256.publicKey));
const publicJwk = new TextEncoder().encode(JSON.stringify((await jwks()).keys[0]));
const wrongSignatures: Readonly<Record<string, Traits>> = {
  "of no type": { header: { typ: undefined } },
  "of type JWT": { header: { typ: "JWT" } },
  "of type dpop+jwt": { header: { typ: "dpop+jwt" } },
  "without a kid": { header: { kid: undefined } },
  "with an unknown kid": { header: { kid: "other" } },
  "whose kid is that of a key of another algorithm": { header: { kid: "rs" } },
  "signed by another key under our kid": { key: stranger.privateKey },
  "that brings its own key": {
    header: { jwk: await exportJWK(stranger.publicKey) },
    key: stranger.privateKey,
  },
  "signed by HS256 with the public key's PEM": {
    header: { alg: "HS256", kid: "rs" },
    key: publicPem,
  },
  "signed by HS256 with the public key's JWK": { header: { alg: "HS256" }, key: publicJwk },
  "signed by an algorithm we do not accept, with a key of ours": {
    header: { alg: "PS256", kid: "rs" },
    key: await importJWK(await exportJWK(rs256.privateKey), "PS256"),
  },
  "with a critical extension that we do not know": { header: { crit: ["x"], x: 1 } },
};
for (const [name, traits] of Object.entries(wrongSignatures)) {
  Deno.test(`A token ${name} is refused`, async () => {
    // jose will not sign what it does not know either: then there is no such token.
    const token = await aToken(traits).catch(() => withHeaderOf(traits.header ?? {}));
    await rejects(aScene().accept(await token), isInvalid);
  });
}

Deno.test("A token without a signature is refused, whatever it calls that", async () => {
  const [, payload] = (await aToken()).split(".");
  for (const alg of ["none", "None", "NONE", "", "ES256"]) {
    const header = encode({ alg, typ: "at+jwt", kid: "es" });
    for (const token of [`${header}.${payload}.`, `${header}.${payload}`]) {
      await rejects(aScene().accept(token), isInvalid);
    }
  }
});

Deno.test("A token that was changed after it was signed is refused", async () => {
  const [header, , signature] = (await aToken()).split(".");
  const [, payload] = (await aToken({ claims: { roles: ["admin"] } })).split(".");
  await rejects(aScene().accept(`${header}.${payload}.${signature}`), isInvalid);
});

Deno.test("A token with a clock a little off is accepted, and with one further off is not", async () => {
  const { accept } = aScene();
  ok(await accept(await aToken({ claims: { exp: noonSeconds - 4 } })));
  ok(await accept(await aToken({ claims: { nbf: noonSeconds + 5 } })));
  await rejects(accept(await aToken({ claims: { exp: noonSeconds - 5 } })), isInvalid);
});

Deno.test("A request without a token is told what is missing, and nothing of errors", async () => {
  const { authenticate } = aScene();
  const isUnauthenticated = refusedAs("unauthenticated", "Bearer");
  await rejects(authenticate(new Request("http://test/")), isUnauthenticated);
  await rejects(authenticate(withHeader(`Basic ${btoa("ada:secret")}`)), isUnauthenticated);
  await rejects(authenticate(withHeader(await aToken())), isUnauthenticated);
});

Deno.test("What is no token is refused, before any key is asked for", async () => {
  const { authenticate, asked } = aScene();
  const token = await aToken();
  const values = [
    "Bearer",
    "Bearer garbage",
    "Bearer ...",
    "Bearer a.b.c",
    `Bearer  ${token}`,
    `Bearer ${token} ${token}`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer ${token}${"A".repeat(8_192)}`,
    `Bearer ${await aToken({ header: { kid: undefined } })}`,
  ];
  for (const value of values) await rejects(authenticate(withHeader(value)), isInvalid);
  equal(asked.count, 0);
});

Deno.test("Roles are read from wherever an issuer may put them, together", async () => {
  deepEqual(await rolesIn({ roles: ["customer"] }), ["customer"]);
  deepEqual(await rolesIn({ role: "auditor" }), ["auditor"]);
  deepEqual(await rolesIn({ role: ["auditor", "orders"] }), ["auditor", "orders"]);
  deepEqual(await rolesIn({ realm_access: { roles: ["orders"] } }), ["orders"]);
  deepEqual(await rolesIn({ resource_access: { payment: { roles: ["payment"] } } }), ["payment"]);
  const everywhere = {
    roles: ["customer"],
    role: "auditor",
    "realm_access": { roles: ["orders", "customer"] },
    "resource_access": { payment: { roles: ["payment"] } },
  };
  deepEqual(await rolesIn(everywhere), ["auditor", "customer", "orders", "payment"]);
});

Deno.test("Roles at another client count for nothing", async () => {
  const access = {
    account: { roles: ["admin"] },
    orders: { roles: ["orders"] },
    "payment ": { roles: ["admin"] },
    ["__proto__"]: { roles: ["admin"] },
  };
  deepEqual(await rolesIn({ resource_access: access }), []);
});

Deno.test("Roles that the platform does not know are ignored, and a token may have none", async () => {
  deepEqual(await rolesIn({}), []);
  deepEqual(await rolesIn({ roles: ["root", "Admin", "admin ", "toString", ""] }), []);
  deepEqual(await rolesIn({ roles: "admin" }), []);
  deepEqual(await rolesIn({ realm_access: { roles: "admin" } }), []);
});

Deno.test("A caller's program is named by client_id, or by azp", async () => {
  const { accept } = aScene();
  const keycloaks = await aToken({ claims: { client_id: undefined, azp: "web" } });
  equal((await accept(keycloaks)).clientId, "web");
  const both = await aToken({ claims: { client_id: "own", azp: "web" } });
  equal((await accept(both)).clientId, "own");
  const neither = await aToken({ claims: { client_id: undefined } });
  equal((await accept(neither)).clientId, "");
});

Deno.test("A token that was seen before is taken without its keys, and no longer than it lives", async () => {
  const { accept, clock, asked } = aScene();
  const token = await aToken({ claims: { nbf: noonSeconds } });
  const first = await accept(token);
  clock.seconds += 299;
  equal(await accept(token), first);
  equal(asked.count, 1);
  clock.seconds = noonSeconds + 305;
  await rejects(accept(token), isInvalid);
  clock.seconds = noonSeconds - 6;
  await rejects(accept(token), isInvalid, "nor before it begins to");
});

Deno.test("A token with another signature is not the one that was seen before", async () => {
  const { accept } = aScene();
  const token = await aToken();
  await accept(token);
  await rejects(accept(`${token.slice(0, -8)}AAAAAAAA`), isInvalid);
});

const outages: Readonly<Record<string, () => Promise<Response>>> = {
  "cannot be reached": () => Promise.reject(new TypeError("connection refused")),
  "are refused by TLS": () => Promise.reject(new Error("certificate revoked")),
  "time out": () => Promise.reject(new DOMException("too slow", "TimeoutError")),
  "are answered with 503": () => Promise.resolve(new Response(null, { status: 503 })),
  "are answered with 404": () => Promise.resolve(new Response("no", { status: 404 })),
  "are answered with a page": () => Promise.resolve(new Response("<html>", { status: 200 })),
  "are answered with no key set": () => Promise.resolve(Response.json({})),
};
for (const [name, outage] of Object.entries(outages)) {
  Deno.test(`A token is not called bad because the issuer's keys ${name}: that is 503`, async () => {
    const { accept } = aScene(outage);
    await rejects(accept(await aToken()), isUnavailable);
  });
}

Deno.test("An outage of the issuer's keys does not outlast it", async () => {
  let isDown = true;
  const { accept } = aScene(async () => {
    if (isDown) throw new TypeError("connection refused");
    return Response.json(await jwks());
  });
  const token = await aToken();
  await rejects(accept(token), isUnavailable);
  isDown = false;
  equal((await accept(token)).subject, "ada");
});
