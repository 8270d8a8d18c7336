import { deepEqual, equal, match, throws } from "node:assert/strict";
import { ensureCertificates } from "certs/store";
import { ConfigError } from "platform/config";
import { loadConfig } from "./config.ts";

const base64Url = "A".repeat(43);
const signingKey = {
  kty: "EC",
  crv: "P-256",
  x: base64Url,
  y: base64Url,
  d: base64Url,
  kid: "one",
};
const goodFiles = {
  OIDC_SIGNING_KEYS_FILE: { keys: [signingKey] },
  OIDC_COOKIE_KEYS_FILE: ["0123456789012345678901234567890123456789"],
  OIDC_CLIENTS_FILE: [{
    client_id: "sallyport-web",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: ["https://localhost:8443/callback"],
    first_party: true,
  }],
};

/** Calls `check` with an environment whose files hold `contents`. */
async function withFiles(
  contents: Readonly<Record<string, unknown>>,
  check: (env: Map<string, string>) => void,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    const env = new Map([
      ["SALLYPORT_ENV", "development"],
      ["SALLYPORT_DATA_DIR", dir],
    ]);
    await ensureCertificates(`${dir}/tls`, ["auth"], new Date());
    env.set("TLS_CERT_FILE", `${dir}/tls/auth/cert.pem`);
    env.set("TLS_KEY_FILE", `${dir}/tls/auth/key.pem`);
    env.set("TLS_CA_FILE", `${dir}/tls/ca.pem`);
    for (const [name, content] of Object.entries(contents)) {
      env.set(name, `${dir}/${name}`);
      await Deno.writeTextFile(`${dir}/${name}`, JSON.stringify(content));
    }
    check(env);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function messageOf(env: Map<string, string>): string {
  let message = "";
  throws(() => loadConfig((name) => env.get(name)), (thrown) => {
    message = (thrown as Error).message;
    return thrown instanceof ConfigError;
  });
  return message;
}

Deno.test("loadConfig() fills in addresses and paths from the few that are given", async () => {
  await withFiles(goodFiles, (env) => {
    const config = loadConfig((name) => env.get(name));
    equal(config.tokens.issuer, "https://localhost:8443/oidc");
    equal(config.tokens.audience, "https://localhost:8443");
    equal(config.stores.path, `${env.get("SALLYPORT_DATA_DIR")}/auth/auth.sqlite`);
    equal(config.demoUsers, undefined);
    deepEqual(config.clients[0]?.roles, []);
  });
});

Deno.test("loadConfig() wants to know where another issuer's keys are", async () => {
  await withFiles(goodFiles, (env) => {
    env.set("OIDC_ISSUER", "https://id.example/realms/ours");
    match(messageOf(env), /OIDC_JWKS_URI: /);
    env.set("OIDC_JWKS_URI", "https://id.example/realms/ours/certs");
    equal(loadConfig((name) => env.get(name)).tokens.issuer, "https://id.example/realms/ours");
    env.delete("OIDC_JWKS_URI");
    env.set("OIDC_ISSUER", "https://localhost:8443/oidc");
    equal(loadConfig((name) => env.get(name)).tokens.jwksUri, "https://localhost:4001/oidc/jwks");
  });
});

Deno.test("loadConfig() names every file that is wrong, and nothing that stands in one", async () => {
  const secret = "short-secret";
  const [web] = goodFiles.OIDC_CLIENTS_FILE;
  const machine = {
    ...web,
    "token_endpoint_auth_method": "client_secret_basic",
    "client_secret": secret,
  };
  await withFiles({
    OIDC_SIGNING_KEYS_FILE: { keys: [{ ...signingKey, d: secret }] },
    OIDC_COOKIE_KEYS_FILE: [secret],
    OIDC_CLIENTS_FILE: [machine],
  }, (env) => {
    const message = messageOf(env);
    for (const name of Object.keys(goodFiles)) match(message, new RegExp(name));
    equal(message.includes(secret), false);
  });
});

Deno.test("loadConfig() refuses clients that could not work or would be unsafe", async () => {
  const [web] = goodFiles.OIDC_CLIENTS_FILE;
  const bad = [
    [web, web],
    [{ ...web, client_secret: "0123456789012345678901234567890123456789" }],
    [{ ...web, redirect_uris: [] }],
    [{ ...web, grant_types: ["authorization_code", "client_credentials"] }],
    [{ ...web, grant_types: ["implicit"] }],
    [{ ...web, roles: ["root"] }],
    [{ ...web, unknown: true }],
  ];
  for (const clients of bad) {
    await withFiles({ ...goodFiles, OIDC_CLIENTS_FILE: clients }, (env) => {
      match(messageOf(env), /OIDC_CLIENTS_FILE/);
    });
  }
});

Deno.test("loadConfig() refuses the embedded store and demo users outside development", async () => {
  await withFiles({ ...goodFiles, DEMO_USERS_FILE: { users: [] } }, (env) => {
    env.set("SALLYPORT_ENV", "production");
    const message = messageOf(env);
    match(message, /AUTH_MONGODB_URL/);
    match(message, /DEMO_USERS_FILE/);
  });
});
