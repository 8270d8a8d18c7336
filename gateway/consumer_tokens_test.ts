import { deepEqual, equal, rejects } from "node:assert/strict";
import { type JWTPayload, SignJWT } from "jose";
import { Problem, problemTypes } from "platform/problem";
import { ConsumerDirectory } from "./consumer_directory.ts";
import { type ConsumerTokenRules, ConsumerTokens } from "./consumer_tokens.ts";
import { parseGatewayConfig } from "./gateway_config.ts";
import { fakeGateway } from "./testing/fake_gateway.ts";

const startSeconds = Date.parse("2026-01-02T03:04:05.000Z") / 1000;
/** Also what `abc` is in base64. */
const secret = "YWJj";
const yaml = `_format_version: "3.0"
services:
  - name: orders
    url: https://orders
    routes: [{ name: a, paths: [/a] }]
consumers:
  - username: partner
    jwt_secrets: [{ key: partner-key, secret: "${secret}" }]
`;

function signed(claims: JWTPayload = {}, key = secret): Promise<string> {
  return new SignJWT({ iss: "partner-key", ...claims }).setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(key));
}

/** A directory that counts how often a credential was looked for: once for each token that is verified. */
class CountingDirectory extends ConsumerDirectory {
  lookups = 0;

  override jwtSecret(key: string): ReturnType<ConsumerDirectory["jwtSecret"]> {
    this.lookups += 1;
    return super.jwtSecret(key);
  }
}

function scene() {
  const directory = new CountingDirectory(parseGatewayConfig(yaml, "g.yaml").state);
  const clock = { nowSeconds: startSeconds };
  const now = () => new Date(clock.nowSeconds * 1000);
  const tokens = (rules: Partial<ConsumerTokenRules> = {}) =>
    new ConsumerTokens({
      keyClaim: "iss",
      isSecretBase64: false,
      requiredClaims: [],
      expiresSecondsMax: 0,
      ...rules,
    }, { directory, issuer: undefined, now });
  return { directory, clock, tokens };
}

const refused = { name: "Problem", kind: problemTypes.invalidToken };

Deno.test("a consumer's token is verified once for all routes, and again after five minutes", async () => {
  const { directory, clock, tokens } = scene();
  const token = await signed();
  const [one, other] = [tokens(), tokens()];
  for (let use = 0; use < 3; use++) {
    equal((await one.identify(token))?.consumer.username, "partner");
    equal((await other.identify(token))?.credential?.identifier, "partner-key");
  }
  equal(directory.lookups, 1);
  clock.nowSeconds += 299;
  await one.identify(token);
  equal(directory.lookups, 1);
  clock.nowSeconds += 1;
  await one.identify(token);
  equal(directory.lookups, 2);
});

Deno.test("a consumer's token that is remembered is held to its times, and to the rules of each use", async () => {
  const { directory, clock, tokens } = scene();
  const token = await signed({ nbf: startSeconds, exp: startSeconds + 60 });
  await tokens().identify(token);
  await tokens({ requiredClaims: ["exp", "nbf"], expiresSecondsMax: 60 }).identify(token);
  await rejects(tokens({ expiresSecondsMax: 59 }).identify(token), refused);
  const bare = await signed();
  await tokens().identify(bare);
  await rejects(tokens({ requiredClaims: ["exp"] }).identify(bare), refused);
  clock.nowSeconds = startSeconds - 1;
  await rejects(tokens().identify(token), refused);
  clock.nowSeconds = startSeconds + 59;
  await tokens().identify(token);
  clock.nowSeconds = startSeconds + 60;
  await rejects(tokens().identify(token), refused);
  equal(directory.lookups, 2);
});

Deno.test("what one way to read secrets or to name keys remembers counts for no other", async () => {
  const { tokens } = scene();
  const token = await signed();
  await tokens().identify(token);
  await rejects(tokens({ isSecretBase64: true }).identify(token), refused);
  equal(await tokens({ keyClaim: "sub" }).identify(token), undefined);
  const other = await signed({}, "abc");
  await tokens({ isSecretBase64: true }).identify(other);
  await rejects(tokens().identify(other), refused);
});

Deno.test("no token is remembered that was refused", async () => {
  const { directory, tokens } = scene();
  const wrong = [
    await signed({}, "another secret"),
    await signed({ exp: startSeconds - 1 }),
    await signed({ iss: "nobody" }),
  ];
  for (const token of [...wrong, ...wrong]) await tokens().identify(token).catch(() => {});
  equal(directory.verifiedTokens.size, 0);
});

Deno.test("the Admin API takes a credential's tokens away with it at once", async () => {
  const changes: [method: string, path: string, body?: object][] = [
    ["DELETE", "/consumers/partner/jwt/partner-key"],
    ["DELETE", "/consumers/partner"],
    ["PATCH", "/consumers/partner/jwt/partner-key", { secret: "another" }],
    ["PATCH", "/consumers/partner/jwt/partner-key", { key: "another" }],
    ["PATCH", "/consumers/partner/jwt/partner-key", { algorithm: "HS512" }],
  ];
  const token = await signed();
  const statuses: number[] = [];
  for (const [method, path, body] of changes) {
    const { ask, admin } = fakeGateway({
      yaml,
      authenticate: () => Promise.reject(new Problem(problemTypes.invalidToken)),
    });
    const use = async () =>
      (await ask("/a", { headers: { authorization: `Bearer ${token}` } })).status;
    statuses.push(await use(), await use());
    await admin(method, path, body);
    statuses.push(await use());
  }
  deepEqual(statuses, changes.flatMap(() => [200, 200, 401]));
});
