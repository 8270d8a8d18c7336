import { equal } from "node:assert/strict";
import { anyone, roles } from "platform/access";
import { problemResponse } from "platform/problem";
import { createOidc, type OidcDependencies } from "./oidc.ts";
import { oidcEndpoints, type OidcOperation } from "./oidc_endpoints.ts";
import { oidcPolicy } from "./policy.ts";

const admin = { subject: "ada", clientId: "tests", roles: new Set(roles) };

/** Answers by status 299 wherever the library is reached. */
function statusOf(
  operation: OidcOperation,
  { access = oidcPolicy, method = oidcEndpoints[operation].method, caller = admin }: {
    readonly access?: Parameters<typeof createOidc>[1];
    readonly method?: string;
    readonly caller?: typeof admin | typeof anyone;
  },
): Promise<number> {
  const handle = (_request: unknown, response: { statusCode: number; end(): void }) => {
    response.statusCode = 299;
    response.end();
    return Promise.resolve();
  };
  const dependencies = {
    serverNow: () => ({ handle }),
    issuer: "https://localhost:8443/oidc",
    authenticate: () => Promise.resolve(caller),
    cookieKeys: [],
    users: { find: () => Promise.resolve({ id: "ada", name: "Ada", email: "ada@example.com" }) },
  } as unknown as OidcDependencies;
  const app = createOidc(dependencies, access).onError((thrown) => problemResponse(thrown));
  const path = oidcEndpoints[operation].path.replace(":uid", "one");
  const request = new Request(`https://localhost:8443${path}`, { method });
  return Promise.resolve(app.fetch(request)).then(({ status }) => status);
}

for (const operation of Object.keys(oidcEndpoints) as OidcOperation[]) {
  Deno.test(`${operation} is closed to everyone when its row has no cell`, async () => {
    const access = { ...oidcPolicy, [operation]: {} };
    equal(await statusOf(operation, { access }), 403);
    equal(await statusOf(operation, { access, caller: anyone }), 403);
    if ("preflight" in oidcEndpoints[operation]) {
      equal(await statusOf(operation, { access, method: "OPTIONS" }), 403);
    }
  });
}

Deno.test("an endpoint is open to whom its row names", async () => {
  equal(await statusOf("jwks", { caller: anyone }), 299);
  equal(await statusOf("jwks", { caller: anyone, method: "OPTIONS" }), 299);
  equal(await statusOf("pageStyles", { caller: anyone }), 200);
  equal(await statusOf("userinfo", {}), 200);
  equal(await statusOf("userinfo", { caller: anyone }), 403);
});
