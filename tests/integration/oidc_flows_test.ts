import { deepEqual, equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { clientCertificateOf } from "@services/auth/client-certificate";
import {
  audience,
  AuthServer,
  Browser,
  exchangerSecret,
  issuer,
  machineSecret,
  redirectUri,
} from "@services/auth/testing";
import { createAuthority, issueLeaf } from "certs/issue";
import { type ClientOptions, drivers, type OidcClient } from "../fixtures/oidc_clients/mod.ts";
import type { OidcDriver } from "../fixtures/oidc_clients/mod.ts";

const email = "ada@example.com";
const password = "four plain words together";
const issuerUrl = new URL(issuer);

/** What a flow is tried with: the server, somebody who can sign in, and a library. */
interface Scene {
  readonly server: AuthServer;
  readonly userId: string;
  readonly driver: OidcDriver;
  open(client: Omit<ClientOptions, "fetch">, fetch?: typeof globalThis.fetch): Promise<OidcClient>;
}

const web = { id: "sallyport-web" };
const machine = { id: "demo-machine", secret: machineSecret };

/** Each is what goes well and what is refused, by names that the table prints. */
const flows: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  async "authorization code with PKCE"(scene) {
    const client = await scene.open(web);
    const callback = await authorize(scene, await client.authorizationUrl(redirectUri));
    equal(callback.searchParams.get("iss"), issuer, "RFC 9207");
    const tokens = await client.redeem(callback);
    equal(decodeProtectedHeader(tokens.access_token).typ, "at+jwt");
    const { iss, aud, sub, client_id: id } = decodeJwt(tokens.access_token);
    deepEqual([iss, aud, sub, id], [issuer, audience, scene.userId, "sallyport-web"]);
    const info = await client.userInfo(tokens.access_token, scene.userId);
    equal(info["email"], email);

    await refused(client.redeem(callback), "invalid_grant");
    const without = await client.authorizationUrl(redirectUri, { "code_challenge": "" });
    match((await authorize(scene, without)).search, /error=invalid_request/);
    const elsewhere = await client.authorizationUrl(`${redirectUri}/`);
    equal((await new Browser(scene.server).get(pathOf(elsewhere))).status, 400);
    const implicit = await client.authorizationUrl(redirectUri, { "response_type": "token" });
    match((await authorize(scene, implicit)).hash, /error=unsupported_response_type/);
  },

  async "an answer of another issuer (mix-up)"(scene) {
    const client = await scene.open(web);
    const callback = await authorize(scene, await client.authorizationUrl(redirectUri));
    callback.searchParams.set("iss", "https://evil.example");
    await rejects(client.redeem(callback), (thrown: Error) => {
      match(`${thrown.message} ${(thrown.cause as Error | undefined)?.message}`, /iss/);
      return true;
    });
  },

  async "refresh with rotation"(scene) {
    const client = await scene.open(web);
    const first = await signIn(scene, client);
    const second = await client.refresh(first.refresh_token!);
    notEqual(second.refresh_token, first.refresh_token);
    await refused(client.refresh("no-such-token"), "invalid_grant");
  },

  async "pushed authorization request"(scene) {
    const client = await scene.open(web);
    const url = await client.pushedAuthorizationUrl(redirectUri);
    match(url.searchParams.get("request_uri") ?? "", /^urn:ietf:params:oauth:request_uri:/);
    ok((await client.redeem(await authorize(scene, url))).access_token);
    equal((await new Browser(scene.server).get(pathOf(url))).status, 400, "it is used up");
  },

  async "client credentials"(scene) {
    const client = await scene.open(machine);
    const { access_token: token } = await client.clientCredentials();
    deepEqual(decodeJwt(token)["roles"], ["payment"]);
    const wrong = await scene.open({ ...machine, secret: `${machineSecret}x` });
    await rejects(wrong.clientCredentials());
    await refused((await scene.open(web)).clientCredentials(), "invalid_request");
  },

  async "resource indicator"(scene) {
    const client = await scene.open(machine);
    const { access_token: token } = await client.clientCredentials({ resource: audience });
    equal(decodeJwt(token).aud, audience);
    const other = client.clientCredentials({ resource: "https://other.example" });
    await refused(other, "invalid_target");
  },

  async "device"(scene) {
    const client = await scene.open({ id: "tv" });
    const device = await client.startDevice();
    await refused(client.askForDevice(device), "authorization_pending");
    equal(device.verification_uri, `${issuer}/device`);
    const done = await connect(scene, device.user_code);
    match(await done.text(), /Your device is connected/);
    const tokens = await client.askForDevice(device);
    equal(decodeJwt(tokens.access_token).sub, scene.userId);
    await refused(client.askForDevice(device), "invalid_grant");

    const unwanted = await client.startDevice();
    await connect(scene, unwanted.user_code, { abort: "yes" });
    await refused(client.askForDevice(unwanted), "access_denied");
  },

  async "proof of possession (DPoP), with nonces"(scene) {
    const client = await scene.open({ ...web, provesKey: true });
    const tokens = await signIn(scene, client);
    equal(tokens.token_type.toLowerCase(), "dpop");
    match(String((decodeJwt(tokens.access_token)["cnf"] as { jkt: string }).jkt), /^[\w-]{43}$/);
    ok((await client.refresh(tokens.refresh_token!)).access_token);

    const bound = await signIn(scene, client);
    const thief = await scene.open({ ...web, provesKey: true });
    await refused(thief.refresh(bound.refresh_token!), "invalid_grant");
    const withoutKey = await scene.open(web);
    await refused(withoutKey.refresh(bound.refresh_token!), "invalid_grant");
  },

  async "certificate (mTLS), tokens bound to it"(scene) {
    const certificate = await certificateOf("partner");
    const client = await scene.open(
      { id: "mtls-machine", byCertificate: true },
      (input, init) => {
        const url = new URL(String(input));
        const shown = url.origin === "https://localhost:8445" ? certificate : undefined;
        return scene.server.fetch(url.pathname, init, "192.0.2.1", shown);
      },
    );
    const { access_token: token } = await client.clientCredentials();
    equal(
      (decodeJwt(token)["cnf"] as Record<string, string>)["x5t#S256"],
      certificate.names.thumbprint,
    );
    const other = await certificateOf("another");
    const impostor = await scene.open(
      { id: "mtls-machine", byCertificate: true },
      (input, init) =>
        scene.server.fetch(new URL(String(input)).pathname, init, "192.0.2.1", other),
    );
    await refused(impostor.clientCredentials(), "invalid_client");
    const bare = await scene.open({ id: "mtls-machine", byCertificate: true });
    await refused(bare.clientCredentials(), "invalid_client");
  },

  async "introspection of a JWT"(scene) {
    const tokens = await signIn(scene, await scene.open(web));
    const asking = await scene.open(machine);
    const answer = await asking.introspect(tokens.access_token);
    deepEqual([answer["active"], answer["sub"], answer["client_id"]], [
      true,
      scene.userId,
      "sallyport-web",
    ]);
    const forged = `${tokens.access_token.slice(0, -3)}AAA`;
    deepEqual(await asking.introspect(forged), { active: false });
    const { access_token: machines } = await asking.clientCredentials();
    const curious = await scene.open(web);
    deepEqual(await curious.introspect(machines), { active: false }, "a public client, of others'");
    const wrong = await scene.open({ ...machine, secret: `${machineSecret}x` });
    await rejects(wrong.introspect(tokens.access_token));
  },

  async "revocation"(scene) {
    const client = await scene.open(web);
    const tokens = await signIn(scene, client);
    const asking = await scene.open(machine);
    await asking.revoke(tokens.access_token);
    equal((await asking.introspect(tokens.access_token))["active"], true, "not another client's");
    await client.revoke(tokens.access_token);
    deepEqual(await asking.introspect(tokens.access_token), { active: false });
    await client.revoke(tokens.refresh_token!);
    await refused(client.refresh(tokens.refresh_token!), "invalid_grant");
  },

  async "token exchange, on behalf of a person"(scene) {
    const subject = await signIn(scene, await scene.open(web));
    const parameters = (token: string) => ({
      "subject_token": token,
      "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    });
    const [first, second, third] = await Promise.all(
      ["exchanger", "second-exchanger", "third-exchanger"].map((id) =>
        scene.open({ id, secret: exchangerSecret })
      ),
    );
    const once = await first!.exchange(parameters(subject.access_token));
    const claims = decodeJwt(once.access_token);
    deepEqual([claims.sub, claims["client_id"], claims["act"]], [
      scene.userId,
      "exchanger",
      { sub: "exchanger" },
    ]);
    ok(claims.exp! <= decodeJwt(subject.access_token).exp!, "it lives no longer");
    const twice = await second!.exchange(parameters(once.access_token));
    deepEqual(decodeJwt(twice.access_token)["act"], {
      sub: "second-exchanger",
      act: { sub: "exchanger" },
    });
    await refused(third!.exchange(parameters(twice.access_token)), "invalid_grant");
    await refused(
      first!.exchange({ ...parameters(subject.access_token), scope: "openid admin" }),
      "invalid_scope",
    );
    const { access_token: machines } = await first!.clientCredentials();
    await refused(first!.exchange(parameters(machines)), "invalid_grant");
    await refused(first!.exchange(parameters(subject.id_token!)), "invalid_grant");
    const other = { ...parameters(subject.access_token), audience: "https://other.example" };
    await refused(first!.exchange(other), "invalid_target");
    const unfit = await scene.open(machine);
    await refused(unfit.exchange(parameters(subject.access_token)), "invalid_request");
  },

  async "dynamic registration"(scene) {
    const { server, driver } = scene;
    const initialAccessToken = await initialToken(scene);
    const metadata = {
      "client_name": "A new shop",
      "redirect_uris": ["https://shop.example/callback"],
      "grant_types": ["authorization_code", "refresh_token"],
    };
    const fetch = fetchOf(server);
    const register = (initialAccessToken: string, changes: Record<string, string[]> = {}) =>
      driver.register(issuerUrl, {
        initialAccessToken,
        metadata: { ...metadata, ...changes },
        fetch,
      });
    const { client_id: id, client_secret: secret } = await register(initialAccessToken);
    const client = await scene.open({ id, secret: secret! });
    const url = await client.authorizationUrl("https://shop.example/callback");
    const callback = await authorize(scene, url, { consent: "allow" });
    ok((await client.redeem(callback)).access_token);

    await rejects(register(initialAccessToken), "it is used up");
    await rejects(register("no-such-token"));
    for (
      const changes of [
        { "redirect_uris": ["http://shop.example/callback"] },
        { "grant_types": ["client_credentials"] },
      ]
    ) await rejects(register(await initialToken(scene), changes), JSON.stringify(changes));
  },

  async "sign-out, told to clients behind the browser"(scene) {
    const told: URLSearchParams[] = [];
    scene.server.tellClients = (input, init) => {
      equal(String(input), "https://told.example/backchannel");
      told.push(new URLSearchParams(String(init?.body)));
      return Promise.resolve(new Response(null));
    };
    const client = await scene.open({ id: "told-of-sign-outs" });
    const browser = new Browser(scene.server);
    const url = await client.authorizationUrl(redirectUri);
    const tokens = await client.redeem(await authorize(scene, url, {}, browser));
    const page = await (await browser.get("/oidc/session/end")).text();
    const form = Object.fromEntries(
      [...page.matchAll(/name="(xsrf)" value="([^"]+)"/g)].map(([, name, value]) => [name, value]),
    );
    await browser.post("/oidc/session/end/confirm", { ...form, logout: "yes" });
    const claims = decodeJwt(told[0]?.get("logout_token") ?? "");
    deepEqual([claims.iss, claims.aud, claims.sub], [issuer, "told-of-sign-outs", scene.userId]);
    equal(claims["sid"], decodeJwt(tokens.id_token!)["sid"]);
    deepEqual(claims["events"], { "http://schemas.openid.net/event/backchannel-logout": {} });
  },
};

Deno.test("every flow goes as its RFC says, driven by clients of others", async (t) => {
  const table: string[][] = [];
  for (const [name, flow] of Object.entries(flows)) {
    const row = [name];
    for (const driver of drivers) {
      await t.step(`${name}, by ${driver.name}`, async () => {
        await using server = await AuthServer.open();
        const userId = await server.addUser(email, password);
        await flow({
          server,
          userId,
          driver,
          open: (client, fetch = fetchOf(server)) => driver.open(issuerUrl, { ...client, fetch }),
        });
        row.push("ok");
      });
    }
    table.push(row);
  }
  print(table);
});

Deno.test("the password grant is not there, nor is a code for a form of the library's own", async () => {
  await using server = await AuthServer.open();
  const answer = await server.post("/oidc/token", {
    "grant_type": "password",
    "client_id": "sallyport-web",
    username: email,
    password,
  });
  equal((await answer.json()).error, "unsupported_grant_type");
});

function fetchOf(server: AuthServer): typeof globalThis.fetch {
  return (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    return server.fetch(url.pathname + url.search, init);
  };
}

function pathOf({ pathname, search }: URL): string {
  return pathname + search;
}

/** Signs in in a browser. @returns where the browser is sent back to, or the page that it stays on. */
async function authorize(
  { server }: Scene,
  url: URL,
  consent: Readonly<Record<string, string>> = {},
  browser = new Browser(server),
): Promise<URL> {
  let response = await browser.follow(await browser.get(pathOf(url)));
  if (response.status === 200) {
    response = await browser.follow(await browser.post(browser.at, { email, password }));
  }
  if (response.status === 200) {
    response = await browser.follow(await browser.post(browser.at, consent));
  }
  return new URL(response.headers.get("location") ?? "", audience);
}

async function signIn(scene: Scene, client: OidcClient) {
  return await client.redeem(await authorize(scene, await client.authorizationUrl(redirectUri)));
}

/** Types a user code in a browser, and says whose device it is. */
async function connect(
  { server }: Scene,
  userCode: string,
  answer: Readonly<Record<string, string>> = { confirm: "yes" },
): Promise<Response> {
  const browser = new Browser(server);
  const confirmPage = await browser.fill("/oidc/device", { "user_code": userCode });
  const hidden = Object.fromEntries(
    [...(await confirmPage.text()).matchAll(/name="(xsrf|user_code)" value="([^"]*)"/g)]
      .map(([, name, value]) => [name, value]),
  );
  const next = await browser.follow(await browser.post("/oidc/device", { ...hidden, ...answer }));
  if (!browser.at.includes("/interaction/")) return next;
  return await browser.follow(await browser.post(browser.at, { email, password }));
}

async function initialToken({ server }: Scene): Promise<string> {
  const admin = `${crypto.randomUUID()}@example.com`;
  await server.addUser(admin, password, ["admin"]);
  const { access_token: token } = await new Browser(server).tokens(admin, password);
  const answer = await server.call("POST", "/oidc/reg/initial", { token });
  equal(answer.status, 201);
  return (await answer.json()).initial_access_token;
}

/** As the gateway would say that a client has shown it. */
async function certificateOf(program: string) {
  const { authority } = await createAuthority({ now: new Date() });
  const { cert } = await issueLeaf(authority, { program });
  const base64 = cert.replaceAll(/-----[^-]+-----|\s/g, "");
  const headers = new Headers({ "client-cert": `:${base64}:` });
  return clientCertificateOf(headers, { spiffeId: "spiffe://sallyport/gateway" })!;
}

async function refused(promise: Promise<unknown>, error: string): Promise<void> {
  await rejects(promise, (thrown: { error?: string; cause?: unknown }) => {
    equal(thrown.error, error);
    return true;
  });
}

function print(table: readonly (readonly string[])[]): void {
  const rows = [["flow, happy and refused", ...drivers.map(({ name }) => name)], ...table];
  const lines = rows.map(([name = "", ...cells]) =>
    `${name.padEnd(46)}${cells.map((cell) => cell.padEnd(15)).join("")}`
  );
  Deno.stdout.writeSync(new TextEncoder().encode(`${lines.join("\n")}\n`));
}
