import { deepEqual, equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  exportPKCS8,
  exportSPKI,
  generateKeyPair,
  type GenerateKeyPairResult,
  importPKCS8,
  type JWTPayload,
  SignJWT,
} from "jose";
import { parseGatewayConfig } from "../gateway_config.ts";
import { type FakeGateway, fakeGateway } from "../testing/fake_gateway.ts";

const nowSeconds = Date.parse("2026-01-02T03:04:05.000Z") / 1000;
const secret = "a secret that partner and gateway share";

interface Scene {
  readonly config?: string;
  /** Credentials of the consumer `partner`, in YAML. */
  readonly secrets?: string;
}

function scene({ config = "{}", secrets = `[{ key: partner-key, secret: "${secret}" }]` }: Scene) {
  return fakeGateway({
    yaml: `
_format_version: "3.0"
consumers:
  - { username: partner, custom_id: "42", jwt_secrets: ${secrets} }
  - { username: somebody }
services:
  - name: orders
    url: https://orders
    routes:
      - { name: a, paths: [/a], plugins: [{ name: jwt, config: ${config} }] }
`,
  });
}

function signed(
  claims: JWTPayload,
  { key = new TextEncoder().encode(secret), alg = "HS256", header = {} }: {
    readonly key?: CryptoKey | Uint8Array;
    readonly alg?: string;
    readonly header?: Record<string, string>;
  } = {},
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ ...header, alg }).sign(key);
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const good = { iss: "partner-key", exp: nowSeconds + 60 };

function pairOf(alg: string): Promise<GenerateKeyPairResult> {
  return generateKeyPair(alg, { extractable: true });
}

async function as(alg: string, { privateKey, publicKey }: GenerateKeyPairResult) {
  return { privateKey: await importPKCS8(await exportPKCS8(privateKey), alg), publicKey };
}

async function statusOf(gateway: FakeGateway, token: string): Promise<number> {
  return (await gateway.ask("/a", bearer(token))).status;
}

Deno.test("jwt knows a consumer by a token made with its key, and the service is told who that is", async () => {
  const gateway = scene({});
  const response = await gateway.ask("/a", {
    headers: {
      authorization: `Bearer ${await signed(good)}`,
      "x-consumer-username": "admin",
      "x-anonymous-consumer": "true",
    },
  });
  equal(response.status, 200);
  const { headers } = gateway.sent[0]!;
  equal(headers.get("x-consumer-username"), "partner");
  equal(headers.get("x-consumer-custom-id"), "42");
  equal(headers.get("x-consumer-id")?.length, 36);
  equal(headers.get("x-credential-identifier"), "partner-key");
  equal(headers.get("x-anonymous-consumer"), null);
});

Deno.test("jwt leaves every other token to the platform's issuer", async () => {
  const gateway = scene({});
  equal(await statusOf(gateway, "customer"), 200);
  equal(gateway.sent[0]!.headers.get("x-consumer-id"), null);
  const refused = await scene({}).ask("/a");
  equal(refused.status, 401);
  equal(refused.headers.get("www-authenticate"), "Bearer");
});

Deno.test("jwt verifies a token that names a consumer's key by that key and its algorithm alone", async () => {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const pem = await exportSPKI(publicKey);
  const secrets = `[{ key: rsa, algorithm: RS256, rsa_public_key: ${JSON.stringify(pem)} }]`;
  const gateway = scene({ secrets });
  const claims = { ...good, iss: "rsa" };
  equal(await statusOf(gateway, await signed(claims, { key: privateKey, alg: "RS256" })), 200);
  const confused = await signed(claims, { key: new TextEncoder().encode(pem), alg: "HS256" });
  const otherPair = await generateKeyPair("RS256");
  const foreign = await signed(claims, { key: otherPair.privateKey, alg: "RS256" });
  const other = await signed(claims, { key: privateKey, alg: "RS256" });
  const [head, , signature] = other.split(".");
  const changed = btoa(JSON.stringify({ ...claims, exp: nowSeconds + 9_999 })).replaceAll("=", "");
  const none = `${btoa('{"alg":"none"}').replaceAll("=", "")}.${other.split(".")[1]}.`;
  for (const token of [confused, foreign, `${head}.${changed}.${signature}`, none]) {
    const refused = await gateway.ask("/a", bearer(token));
    equal(refused.status, 401);
    equal(refused.headers.get("www-authenticate"), 'Bearer error="invalid_token"');
  }
  const wrongSecret = await signed(good, { key: new TextEncoder().encode("another secret") });
  equal(await statusOf(scene({}), wrongSecret), 401);
  equal(await statusOf(scene({}), await signed(good, { alg: "HS512" })), 401);
});

Deno.test("jwt verifies by every algorithm that a credential can have", async () => {
  const names = ["RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];
  // One key for all of them: to make another takes long.
  const rsa = await pairOf("RS256");
  for (const alg of names) {
    const { privateKey, publicKey } = /^[RP]S/.test(alg) ? await as(alg, rsa) : await pairOf(alg);
    const pem = JSON.stringify(await exportSPKI(publicKey));
    const gateway = scene({ secrets: `[{ key: k, algorithm: ${alg}, rsa_public_key: ${pem} }]` });
    const token = await signed({ ...good, iss: "k" }, { key: privateKey, alg });
    equal(await statusOf(gateway, token), 200, alg);
  }
  for (const alg of ["HS384", "HS512"]) {
    const secrets = `[{ key: k, algorithm: ${alg}, secret: "${secret}" }]`;
    equal(await statusOf(scene({ secrets }), await signed({ ...good, iss: "k" }, { alg })), 200);
  }
});

Deno.test("jwt takes a token only in its time, and demands the claims that are named", async () => {
  const gateway = scene({});
  const stale = await signed({ ...good, exp: nowSeconds - 1 });
  const early = await signed({ ...good, nbf: nowSeconds + 5 });
  equal(await statusOf(gateway, stale), 401);
  equal(await statusOf(gateway, early), 401);
  equal(await statusOf(gateway, await signed({ iss: "partner-key" })), 200);
  const strict = scene({ config: "{ claims_to_verify: [exp, nbf] }" });
  equal(await statusOf(strict, await signed({ iss: "partner-key" })), 401);
  equal(await statusOf(strict, await signed(good)), 401);
  equal(await statusOf(strict, await signed({ ...good, nbf: nowSeconds - 1 })), 200);
  const short = scene({ config: "{ claims_to_verify: [exp], maximum_expiration: 30 }" });
  equal(await statusOf(short, await signed(good)), 401);
  equal(await statusOf(short, await signed({ ...good, exp: nowSeconds + 30 })), 200);
});

Deno.test("jwt finds the key by another claim, or by a header, and reads secrets in base64", async () => {
  const base64 = Buffer.from(secret).toString("base64");
  const gateway = scene({
    config: "{ key_claim_name: kid, secret_is_base64: true }",
    secrets: `[{ key: partner-key, secret: ${base64} }]`,
  });
  equal(await statusOf(gateway, await signed({}, { header: { kid: "partner-key" } })), 200);
  equal(await statusOf(gateway, await signed({ kid: "partner-key" })), 200);
  const other = await signed({ kid: "unknown" }, { header: { kid: "partner-key" } });
  equal((await gateway.ask("/a", bearer(other))).status, 200);
  equal(gateway.sent.at(-1)!.headers.get("x-consumer-id"), null);
});

Deno.test("jwt looks for tokens where it is told to, and nowhere else", async () => {
  const token = await signed(good);
  const plain = scene({});
  equal((await plain.ask(`/a?jwt=${token}`)).status, 401);
  equal((await plain.ask("/a", { headers: { cookie: `token=${token}` } })).status, 401);
  const config = "{ header_names: [x-token], cookie_names: [token], uri_param_names: [jwt] }";
  const gateway = scene({ config });
  equal((await gateway.ask(`/a?jwt=${token}`)).status, 200);
  equal((await gateway.ask("/a", { headers: { cookie: `x=1; token=${token}` } })).status, 200);
  equal((await gateway.ask("/a", { headers: { "x-token": `Bearer ${token}` } })).status, 200);
  equal((await gateway.ask("/a", bearer(token))).status, 401);
  equal((await gateway.ask("/a?jwt=customer")).status, 200);
  const twice = await gateway.ask("/a?jwt=customer", { headers: { cookie: `token=${token}` } });
  equal(twice.status, 401);
  equal((await gateway.ask("/a?jwt=%0a")).status, 401);
  equal((await gateway.ask(`/a?jwt=${"a".repeat(8_193)}`)).status, 414);
});

Deno.test("jwt lets in who shows nothing as the anonymous consumer, and still refuses what is wrong", async () => {
  const gateway = scene({ config: "{ anonymous: somebody }" });
  equal((await gateway.ask("/a")).status, 200);
  const { headers } = gateway.sent[0]!;
  equal(headers.get("x-consumer-username"), "somebody");
  equal(headers.get("x-anonymous-consumer"), "true");
  equal(headers.get("x-credential-identifier"), null);
  equal(await statusOf(gateway, await signed({ ...good, exp: nowSeconds - 1 })), 401);
});

Deno.test("jwt names its realm, and lets preflights pass when it is told to", async () => {
  const gateway = scene({ config: "{ realm: partners, run_on_preflight: false }" });
  const challenged = async (init: RequestInit) =>
    (await gateway.ask("/a", init)).headers.get("www-authenticate");
  equal(await challenged({}), 'Bearer realm="partners"');
  equal(await challenged(bearer("a b")), 'Bearer realm="partners", error="invalid_token"');
  const preflight = {
    method: "OPTIONS",
    headers: { origin: "https://a.example", "access-control-request-method": "GET" },
  };
  equal((await gateway.ask("/a", preflight)).status, 200);
  equal((await gateway.ask("/a", { method: "OPTIONS" })).status, 401);
  equal((await scene({}).ask("/a", preflight)).status, 401);
});

Deno.test("jwt refuses a configuration that means nothing", () => {
  const faultOf = (plugin: string) => {
    const yaml = `_format_version: "3.0"\nconsumers: [{ username: a }]\nplugins: [${plugin}]\n`;
    try {
      parseGatewayConfig(yaml, "g.yaml");
    } catch (thrown) {
      return (thrown as Error).message.split("\n")[1]?.trim();
    }
    return undefined;
  };
  deepEqual([
    faultOf("{ name: jwt, config: { maximum_expiration: 60 } }"),
    faultOf("{ name: jwt, config: { anonymous: nobody } }"),
    faultOf("{ name: jwt, consumer: a }"),
    faultOf("{ name: jwt, config: { anonymous: a } }"),
  ], [
    "g.yaml:3: plugins[0].config.claims_to_verify: expected to contain: exp",
    'g.yaml:3: plugins[0].config.anonymous: no such consumer: "nobody"',
    "g.yaml:3: plugins[0].consumer: value must be null",
    undefined,
  ]);
});
