import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { ensureCertificates } from "certs/store";
import { ConfigError } from "platform/config";
import { loadConfig } from "./config.ts";
import { aSigningKey } from "./testing/auth_server.ts";

const signingKey = await aSigningKey("one");
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
  ENCRYPTION_KEYS_FILE: {
    current: "k1",
    keys: { k1: new Uint8Array(32).toBase64() },
    blindIndex: new Uint8Array(32).toBase64(),
  },
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
    deepEqual(config.stores, {
      kind: "embedded",
      path: `${env.get("SALLYPORT_DATA_DIR")}/auth/auth.sqlite`,
    });
    equal(config.events.path, `${env.get("SALLYPORT_DATA_DIR")}/events/auth.sqlite`);
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
    equal(loadConfig((name) => env.get(name)).tokens.jwksUri, "https://auth/oidc/jwks");
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
    // A ring by which nobody could be found.
    ENCRYPTION_KEYS_FILE: { ...goodFiles.ENCRYPTION_KEYS_FILE, blindIndex: undefined },
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
    match(message, /REDIS_URL/);
    match(message, /DEMO_USERS_FILE/);
  });
});

Deno.test("loadConfig() takes a MongoDB over TLS, in production too, and keeps its password to itself", async () => {
  await withFiles(goodFiles, (env) => {
    env.set("SALLYPORT_ENV", "production");
    env.set("REDIS_URL", "rediss://redis.example");
    const urls = [
      "mongodb://auth:hunter2@db1.example:27017,db2.example/auth?replicaSet=rs0&tls=true",
      "mongodb+srv://auth:hunter2@cluster.example/auth",
    ];
    for (const url of urls) {
      env.set("AUTH_MONGODB_URL", url);
      const { stores } = loadConfig((name) => env.get(name));
      ok(stores.kind === "mongodb");
      equal(stores.url.reveal(), url);
      equal(stores.ca, undefined);
      ok(!Deno.inspect(stores).includes("hunter2"));
    }
  });
});

Deno.test("loadConfig() refuses a MongoDB without TLS, with less of it, or without a database", async () => {
  await withFiles(goodFiles, (env) => {
    const urls = [
      "mongodb://auth:hunter2@db.example/auth",
      "mongodb://db.example/auth?tls=false",
      "mongodb+srv://db.example/auth?tls=false",
      "mongodb+srv://db.example/auth?ssl=false",
      "mongodb://db.example/auth?tls=true&tls=false",
      "mongodb://db.example/auth?tls=true&tlsInsecure=true",
      "mongodb://db.example/auth?tls=true&TLSAllowInvalidCertificates=true",
      "mongodb://db.example/auth?tls=true&tlsCAFile=/hunter2",
      "mongodb://db.example/?tls=true",
      "mongodb://db.example?tls=true",
      "https://db.example/auth?tls=true",
      "hunter2",
    ];
    for (const url of urls) {
      env.set("AUTH_MONGODB_URL", url);
      const message = messageOf(env);
      match(message, /AUTH_MONGODB_URL: /, url);
      ok(!message.includes("hunter2"));
    }
  });
});

Deno.test("loadConfig() knows who vouches for MongoDB", async () => {
  await withFiles(goodFiles, (env) => {
    env.set("AUTH_MONGODB_URL", "mongodb://db.example/auth?tls=true");
    const ca = () => {
      const { stores } = loadConfig((name) => env.get(name));
      return stores.kind === "mongodb" && stores.ca;
    };
    equal(ca(), undefined);
    env.set("AUTH_MONGODB_CA_FILE", "system");
    equal(ca(), "system");
    env.set("AUTH_MONGODB_CA_FILE", env.get("TLS_CA_FILE")!);
    equal(ca(), Deno.readTextFileSync(env.get("TLS_CA_FILE")!));
    env.set("AUTH_MONGODB_CA_FILE", "/nowhere");
    match(messageOf(env), /AUTH_MONGODB_CA_FILE: /);
    env.set("AUTH_MONGODB_CA_FILE", env.get("TLS_KEY_FILE")!);
    match(messageOf(env), /AUTH_MONGODB_CA_FILE: /);
  });
});

Deno.test("loadConfig() wants to know by what it may change people at Keycloak", async () => {
  await withFiles({ ...goodFiles, OIDC_CLIENT_SECRET_FILE: "secret" }, (env) => {
    const secretFile = env.get("OIDC_CLIENT_SECRET_FILE")!;
    env.delete("OIDC_CLIENT_SECRET_FILE");
    equal(loadConfig((name) => env.get(name)).directory, undefined);
    env.set("KEYCLOAK_ADMIN_URL", "https://id.example/admin/realms/ours");
    match(messageOf(env), /OIDC_TOKEN_URL: Needed with KEYCLOAK_ADMIN_URL/);
    match(messageOf(env), /OIDC_CLIENT_SECRET_FILE: Needed with KEYCLOAK_ADMIN_URL/);
    env.set("OIDC_TOKEN_URL", "https://id.example/token");
    env.set("OIDC_CLIENT_SECRET_FILE", secretFile);
    const { directory } = loadConfig((name) => env.get(name));
    equal(directory?.adminUrl, "https://id.example/admin/realms/ours");
    equal(directory.clientId, "auth");
  });
});

Deno.test("loadConfig() knows how mail is sent, and keeps the server's password to itself", async () => {
  await withFiles(goodFiles, (env) => {
    const get = (name: string) => env.get(name);
    equal(loadConfig(get).mail, undefined, "without a way out, there is none");
    env.set("AUTH_SMTP_URL", "smtps://auth:hush@mail.example:465");
    match(messageOf(env), /AUTH_MAIL_FROM: Needed with AUTH_SMTP_URL/);
    env.set("AUTH_MAIL_FROM", "no-reply@sallyport.example");
    const { mail } = loadConfig(get);
    equal(mail?.kind, "smtp");
    ok(!JSON.stringify(mail).includes("hush"));
    for (const unsafe of ["http://mail.example", "mail.example", "smtps+unix:/mail"]) {
      env.set("AUTH_SMTP_URL", unsafe);
      match(messageOf(env), /AUTH_SMTP_URL: Must be a URL that begins with smtps/);
    }
  });
});

Deno.test("loadConfig() puts mail into a folder in development alone, and not beside a server", async () => {
  await withFiles(goodFiles, (env) => {
    env.set("AUTH_MAIL_DIR", "/mail");
    deepEqual(loadConfig((name) => env.get(name)).mail, {
      kind: "folder",
      path: "/mail",
      from: "no-reply@sallyport.example",
    });
    env.set("AUTH_SMTP_URL", "smtps://mail.example");
    match(messageOf(env), /AUTH_MAIL_DIR: Not together with AUTH_SMTP_URL/);
    env.delete("AUTH_SMTP_URL");
    env.set("SALLYPORT_ENV", "production");
    match(messageOf(env), /AUTH_MAIL_DIR: For development only/);
  });
});
