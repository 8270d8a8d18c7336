import { deepEqual, equal, throws } from "node:assert/strict";
import { SignJWT } from "jose";
import { ConfigError } from "platform/config";
import { createApp } from "./app.ts";
import { keptGatewayConfigOf, parseGatewayConfig } from "./gateway_config.ts";
import { fakeDependencies, fakeGateway, fakeIssuer, rawRequest } from "./testing/fake_gateway.ts";

const secret = "a secret that partner and gateway share";

/** A consumer whose credential is found by `key`. */
function yamlOf(key: string, jwt = "{}"): string {
  return `_format_version: "3.0"
services:
  - name: orders
    url: https://orders
    routes: [{ name: a, paths: [/a], plugins: [{ name: jwt, config: ${jwt} }] }]
consumers:
  - username: partner
    jwt_secrets:
      - key: ${key}
        secret: ${secret}
`;
}

const message = "must not be the issuer of the platform's own tokens";

function faultsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return thrown.faults;
  }
  return [];
}

Deno.test("a credential with the name of the platform's issuer is refused in a file, with its line", () => {
  const options = { issuer: fakeIssuer };
  deepEqual(faultsOf(() => parseGatewayConfig(yamlOf(fakeIssuer), "g.yaml", options)), [
    `g.yaml:9: consumers[0].jwt_secrets[0].key: ${message}`,
  ]);
  const flat = `_format_version: "3.0"
consumers: [{ username: partner }]
jwt_secrets:
  - consumer: partner
    key: ${fakeIssuer}
    secret: ${secret}
`;
  deepEqual(faultsOf(() => parseGatewayConfig(flat, "g.yaml", options)), [
    `g.yaml:5: jwt_secrets[0].key: ${message}`,
  ]);
  deepEqual(faultsOf(() => parseGatewayConfig(yamlOf("partner-key"), "g.yaml", options)), []);
});

Deno.test("a credential with the name of the platform's issuer is refused by the Admin API, whichever way it comes", async () => {
  const { admin, saved } = fakeGateway({ yaml: yamlOf("partner-key") });
  const id = "9f4cdb05-3a3d-4e0c-8a0f-0d7a2a1a7c11";
  const key = fakeIssuer;
  const ways: [method: string, path: string, body: BodyInit | object][] = [
    ["POST", "/consumers/partner/jwt", { key }],
    ["POST", "/consumers/partner/jwt", new URLSearchParams({ key })],
    ["PUT", `/consumers/partner/jwt/${id}`, { key }],
    ["PATCH", "/consumers/partner/jwt/partner-key", { key }],
    ["PATCH", "/jwts/partner-key", { key }],
    ["POST", "/config", yamlOf(key)],
  ];
  for (const [method, path, body] of ways) {
    const response = await admin(method, path, body);
    equal(response.status, 400, `${method} ${path}`);
    const { code, name, fields } = await response.json();
    deepEqual({ code, name, fields }, {
      code: 2,
      name: "schema violation",
      fields: { key: message },
    });
  }
  equal(saved.length, 0);
});

Deno.test("a kept credential that has the name of a new issuer is told at start", () => {
  const { state } = parseGatewayConfig(yamlOf(fakeIssuer), "g.yaml");
  const [id] = state.jwt_secrets.keys();
  deepEqual(faultsOf(() => keptGatewayConfigOf(state, fakeIssuer)), [
    `the kept configuration: ${id}: key: ${message}`,
  ]);
  throws(() => keptGatewayConfigOf(state, fakeIssuer), ConfigError);
  equal(keptGatewayConfigOf(state, "https://another.example").state, state);
});

Deno.test("a token in the issuer's name is never held to a consumer's key, whatever else names one", async () => {
  for (const [claim, key] of [["iss", fakeIssuer], ["kid", "es"]] as const) {
    // As it would be in force if nothing had refused it.
    const config = {
      ...parseGatewayConfig(yamlOf(key, `{ key_claim_name: ${claim} }`), "g.yaml"),
      issuer: fakeIssuer,
    };
    const seen: string[] = [];
    const app = createApp({
      ...fakeDependencies({ sent: [] }),
      config,
      authenticate: (request) => {
        seen.push(request.headers.get("authorization")!);
        return Promise.resolve({ subject: "ada", clientId: "web", roles: new Set() });
      },
    });
    const token = await new SignJWT({ iss: fakeIssuer })
      .setProtectedHeader({ alg: "HS256", kid: "es" })
      .sign(new TextEncoder().encode(secret));
    const headers = { authorization: `Bearer ${token}` };
    const response = await app.fetch(rawRequest("https://edge.example:8443/a", { headers }));
    equal(response.status, 200);
    deepEqual(seen, [`Bearer ${token}`], claim);
  }
});
