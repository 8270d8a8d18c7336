import { deepEqual, equal, match } from "node:assert/strict";
import { decodeJwt } from "jose";
import { roles as platformRoles } from "platform/access";
import { signIn, SignInError } from "tools/client";
import { demoRedirectUri } from "tools/platform";
import { findWrongCells } from "../fixtures/access_matrix.ts";
import { demoSuite, paymentDeadlineMs } from "../fixtures/demo_suite.ts";
import { eventually } from "../fixtures/eventually.ts";
import {
  type KeycloakPlatform,
  lacksKeycloak,
  openKeycloakPlatform,
} from "../fixtures/keycloak_platform.ts";
import { call } from "../fixtures/platform.ts";

Deno.test({
  name: "with a Keycloak realm as the issuer",
  ignore: lacksKeycloak,
  async fn(t) {
    await using platform = await openKeycloakPlatform({
      extraEnv: { orders: { ORDERS_PAYMENT_DEADLINE_MS: String(paymentDeadlineMs) } },
    });
    await t.step(
      "tokens are Keycloak's, and a person has an account when they first come",
      () => firstVisit(platform),
    );
    await t.step(
      "the demo and every way that money takes end as with our own auth server",
      (t) => demoSuite(t, platform),
    );
    await t.step(
      "every role, owner, route and method is answered as the contract says",
      async () => {
        const { wrong, cells } = await findWrongCells(platform, { oidc: false });
        deepEqual(wrong, []);
        Deno.stdout.writeSync(
          new TextEncoder().encode(`access matrix on Keycloak: ${cells} cells as expected\n`),
        );
      },
    );
    await t.step(
      "roles given here are Keycloak's from the next token on, and no others stay",
      () => changeOfRoles(platform),
    );
    await t.step("who is disabled here gets no token there", () => disabling(platform));
    await t.step(
      "while Keycloak is away, who would sign up is told to come again",
      () => outage(platform),
    );
    await t.step("the built-in authorization server is not there", async () => {
      equal((await call(platform, "/oidc/.well-known/openid-configuration")).status, 404);
    });
  },
});

async function firstVisit(platform: KeycloakPlatform): Promise<void> {
  const token = await platform.tokenOf("bob");
  const claims = decodeJwt(token);
  equal(claims.iss, platform.urls.issuer);
  deepEqual(claims["resource_access"], { "someone-elses": { roles: ["admin"] } });
  const ada = await platform.tokenOf("ada");
  equal((await call(platform, `/users/${claims.sub}`, { token: ada })).status, 404);

  const { status, body } = await call(platform, "/users/me", { token });
  equal(status, 200);
  const { id, email, name, roles } = body;
  deepEqual({ id, email, name, roles }, {
    id: claims.sub,
    email: "bob@example.com",
    name: "Bob",
    roles: ["customer"],
  });
  equal((await call(platform, `/users/${claims.sub}`, { token: ada })).status, 200);
  equal((await call(platform, "/users", { token })).status, 403, "another client's role is none");
}

interface NewPerson {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly etag: string;
}

async function signUp(platform: KeycloakPlatform): Promise<NewPerson> {
  const email = `${crypto.randomUUID()}@example.com`;
  const password = crypto.randomUUID();
  const { status, body, headers } = await call(platform, "/users", {
    method: "POST",
    body: { email, name: "Dora van Dam", password },
  });
  equal(status, 201);
  return { id: String(body["id"]), email, password, etag: headers.get("etag") ?? "" };
}

async function tokenOf(platform: KeycloakPlatform, person: NewPerson): Promise<string> {
  const { issuer } = platform.urls;
  const { email, password } = person;
  const redirectUri = demoRedirectUri;
  return (await signIn(platform.edge, { email, password, redirectUri, issuer })).access_token;
}

async function changeOfRoles(platform: KeycloakPlatform): Promise<void> {
  const person = await signUp(platform);
  const before = decodeJwt(await tokenOf(platform, person));
  deepEqual([before.sub, before["name"]], [person.id, "Dora van Dam"]);
  const change = { method: "PUT", token: await platform.tokenOf("ada") };
  const path = `/users/${person.id}/roles`;
  for (const roles of [["auditor", "orders"], ["auditor"]]) {
    const { headers } = await call(platform, `/users/${person.id}`, { token: change.token });
    const etag = { "if-match": headers.get("etag") ?? "" };
    equal((await call(platform, path, { ...change, body: { roles }, headers: etag })).status, 200);
    const claims = decodeJwt(await tokenOf(platform, person));
    const given = (claims["realm_access"] as { roles: string[] }).roles;
    // Keycloak adds some of its own.
    deepEqual(
      given.filter((name) => platformRoles.some((role) => role === name)).toSorted(),
      roles,
    );
  }
  await eventually("the new role counts", async () => {
    const token = await tokenOf(platform, person);
    return (await call(platform, "/ledger/balance", { token })).status === 200;
  });
}

async function disabling(platform: KeycloakPlatform): Promise<void> {
  const person = await signUp(platform);
  const token = await platform.tokenOf("ada");
  const path = `/users/${person.id}/disable`;
  const { status, body } = await call(platform, path, { method: "POST", token });
  deepEqual([status, body["status"]], [200, "disabled"]);
  const refused = await tokenOf(platform, person).catch((thrown) => thrown);
  equal(refused instanceof SignInError, true);
  match(refused.message, /Cannot sign in/);
}

async function outage(platform: KeycloakPlatform): Promise<void> {
  await platform.keycloak.kill();
  const body = { email: "erin@example.com", name: "Erin", password: crypto.randomUUID() };
  const refused = await call(platform, "/users", { method: "POST", body });
  equal(refused.status, 503);
  match(refused.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
}
