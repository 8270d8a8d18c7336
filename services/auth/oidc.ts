import { type Context, Hono } from "hono";
import {
  type AccessRow,
  type AccessTable,
  anyone,
  type Authenticate,
  authorize,
  type Principal,
  type Reach,
} from "platform/access";
import { found, Problem, problemTypes } from "platform/problem";
import { note } from "./audit_trail.ts";
import { submitUserCode } from "./device_flow.ts";
import { issueInitialAccessToken } from "./dynamic_registration.ts";
import { Interactions, type OidcBindings } from "./interaction.ts";
import { FormGuard } from "./form_guard.ts";
import { asFetch } from "./node_bridge.ts";
import { type OidcEndpoint, oidcEndpoints, type OidcOperation } from "./oidc_endpoints.ts";
import pageStyles from "./pages/pages.css" with { type: "text" };
import passkeysScript from "./pages/passkeys.js" with { type: "text" };
import { TokenAnswers } from "./token_answers.ts";
import { TokenEndpoints, type TokenEndpointsDependencies } from "./token_endpoints.ts";
import { type PeopleDependencies, peoplePages } from "./people_pages.ts";
import { oidcPolicy } from "./policy.ts";

export interface OidcDependencies extends PeopleDependencies, TokenEndpointsDependencies {
  readonly authenticate: Authenticate;
  readonly cookieKeys: readonly string[];
}

/** Far more than a client needs to begin a sign-in. */
const queryLengthMax = 4_096;

type OidcContext = Context<{ Bindings: OidcBindings }>;
type Handler = (c: OidcContext, caller: Principal, reach: Reach) => Promise<Response> | Response;

/**
 * The authorization server, to be mounted at `/oidc`. Plain Hono: paths, bodies and answers of these
 * endpoints are those of their RFCs. Only what `oidc_endpoints.ts` lists is reachable, and only for whom
 * `access` says.
 */
export function createOidc(
  dependencies: OidcDependencies,
  access: AccessTable<OidcOperation> = oidcPolicy,
): Hono<{ Bindings: OidcBindings }> {
  const { serverNow, issuer, authenticate } = dependencies;
  const guard = new FormGuard(dependencies);
  const interactions = new Interactions({ ...dependencies, guard });
  const callback = asFetch((req, res) => serverNow().handle(req, res), issuer);
  const passOn = (c: OidcContext) => async (request: Request) =>
    hardened(await callback(request, c.env ?? {}));
  const library: Handler = async (c) => await passOn(c)(c.req.raw);
  const tokens = new TokenEndpoints(dependencies);
  const answers = new TokenAnswers(dependencies);

  const own: Partial<Record<OidcOperation, Handler>> = {
    showInteraction: (c) => interactions.show(c),
    submitInteraction: (c) => interactions.submit(c),
    ...peoplePages({ ...dependencies, guard }),
    passkeyOptions: (c) => interactions.passkeyOptions(c),
    pageStyles: () => asset(pageStyles, "text/css"),
    passkeysScript: () => asset(passkeysScript, "text/javascript"),
    token: (c) => answers.answer(c, passOn(c)),
    introspection: (c) => tokens.introspect(c, passOn(c)),
    revocation: (c) => tokens.revoke(c, passOn(c)),
    submitUserCode: (c) => submitUserCode(c, passOn(c), dependencies),
    initialAccessToken: async (c) =>
      c.json(await issueInitialAccessToken(serverNow().provider), 201, {
        "cache-control": "no-store",
      }),
    userinfo: (c, caller, reach) => showUserinfo(c, caller, reach, dependencies),
  };

  const app = new Hono<{ Bindings: OidcBindings }>();
  app.use(refuseLongQuery);
  const endpoints = Object.entries(oidcEndpoints) as [OidcOperation, OidcEndpoint][];
  for (const [operation, { method, path, preflight }] of endpoints) {
    const row = access[operation];
    app.on(method, path, permitted(operation, row, authenticate, own[operation] ?? library));
    if (preflight) app.on("OPTIONS", path, permitted("preflight", row, authenticate, library));
  }
  for (const path of new Set(endpoints.map(([, endpoint]) => endpoint.path))) {
    app.all(path, () => {
      throw new Problem(problemTypes.methodNotAllowed, { headers: { allow: allowed(path) } });
    });
  }
  return app;
}

/** A sign-in that begins is kept with all its parameters, whoever begins it. */
async function refuseLongQuery(c: OidcContext, next: () => Promise<void>): Promise<void> {
  if (new URL(c.req.url).search.length > queryLengthMax) {
    throw new Problem(problemTypes.invalidRequest, { detail: "The query is too long" });
  }
  await next();
}

/** Calls `handle` for those whom `row` permits, and for nobody else. */
function permitted(
  operation: string,
  row: AccessRow,
  authenticate: Authenticate,
  handle: Handler,
): (c: OidcContext) => Promise<Response> {
  return async (c) => {
    note({ operation });
    const caller = row.anyone ? anyone : await authenticate(c.req.raw, { peer: c.env?.peer });
    note({ actor: caller.subject });
    return await handle(c, caller, authorize(row, caller));
  };
}

function allowed(path: string): string {
  const methods = Object.values<OidcEndpoint>(oidcEndpoints)
    .filter((endpoint) => endpoint.path === path)
    .flatMap(({ method, preflight }) => [
      method,
      ...(method === "GET" ? ["HEAD"] : []),
      ...(preflight ? ["OPTIONS"] : []),
    ]);
  return [...new Set(methods)].join(", ");
}

/** Pages that the library makes by itself get what our own have; it says only what scripts they need. */
function hardened(response: Response): Response {
  const { headers } = response;
  headers.set("x-content-type-options", "nosniff");
  if (headers.get("content-type")?.startsWith("text/html")) {
    headers.set("referrer-policy", "no-referrer");
    headers.set("x-frame-options", "DENY");
  }
  return response;
}

function asset(text: string, type: string): Response {
  return new Response(text, {
    headers: {
      "content-type": `${type}; charset=utf-8`,
      "cache-control": "public, max-age=300",
      "x-content-type-options": "nosniff",
    },
  });
}

/**
 * The library's own answers opaque tokens only, and ours are JWTs.
 *
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#UserInfo | OpenID Connect, UserInfo}
 */
async function showUserinfo(
  c: OidcContext,
  caller: Principal,
  reach: Reach,
  { users }: OidcDependencies,
): Promise<Response> {
  const { id: sub, name, email } = found(await users.find(caller.subject, reach));
  return c.json({ sub, name, email }, 200, { "cache-control": "no-store" });
}
