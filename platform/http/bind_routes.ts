import { type Context, Hono } from "hono";
import { z } from "zod";
import {
  type AccessTable,
  anyone,
  type Authenticate,
  authorize,
  type Principal,
} from "platform/access";
import {
  asProblem,
  Problem,
  problemResponse,
  problemTypes,
  type Translate,
} from "platform/problem";
import type { Logger } from "platform/telemetry";
import type { DeadlineBindings } from "./deadline.ts";
import { fingerprintOf, type IdempotencyStore, once, parseIdempotencyKey } from "./idempotency.ts";
import { etagOf, parseIfMatch } from "./precondition.ts";
import { readJsonText } from "./request_body.ts";
import type { Call, Handlers, Route } from "./route.ts";

/** What every operation of a service shares. */
export interface Edge<Operation extends string> {
  readonly policy: AccessTable<Operation>;
  readonly authenticate: Authenticate;
  readonly translate: Translate;
  readonly idempotency: IdempotencyStore;
  readonly log: Logger;
  readonly now: () => Date;
  readonly newId: () => string;
  /** Told of each call whose caller is known, permitted or not, before it is looked into. */
  readonly onCall?: (
    call: {
      readonly operation: string;
      readonly caller: Principal;
      readonly params: Readonly<Record<string, string>>;
    },
  ) => void;
}

/**
 * Serves `routes`, each in the one order: authenticate, authorize, parse, handle, then parse the reply on its way out.
 * Another method on a known path is 405, another path 404. A `HEAD` is a `GET` without its body.
 */
export function bindRoutes<T extends Readonly<Record<string, Route>>>(
  routes: T,
  edge: Edge<keyof T & string>,
  handlers: Handlers<T>,
): Hono {
  const app = new Hono();
  for (const operation of Object.keys(routes) as (keyof T & string)[]) {
    const route: Route = routes[operation]!;
    const handle = handlers[operation] as (call: Call<Route>) => Promise<unknown>;
    for (const path of pathsOf(route)) {
      app.on(route.method, path, (c) => serve(c, { operation, route, handle, edge }));
    }
  }
  refuseOtherMethods(app, Object.values(routes));
  app.notFound(() => problemResponse(new Problem(problemTypes.notFound)));
  app.onError((thrown) => {
    const translated = edge.translate(thrown);
    const problem = asProblem(translated);
    if (problem.kind.status >= 500) edge.log.failure("Cannot answer request", problem);
    return problemResponse(problem);
  });
  return app;
}

interface Served {
  readonly operation: string;
  readonly route: Route;
  readonly handle: (call: Call<Route>) => Promise<unknown>;
  readonly edge: Edge<string>;
}

async function serve(c: Context, { operation, route, handle, edge }: Served): Promise<Response> {
  const row = edge.policy[operation]!;
  const caller = row.anyone ? anyone : await edge.authenticate(c.req.raw, c.env);
  edge.onCall?.({ operation, caller, params: c.req.param() });
  const reach = authorize(row, caller);
  const parsed = await parse(route, c);
  const { headers } = c.req.raw;
  const ifMatch = parseIfMatch(headers, route.ifMatch === "required");
  const { signal } = (c.env ?? {}) as Partial<DeadlineBindings>;
  // Nothing is begun that nobody waits for.
  signal?.throwIfAborted();

  const answer = async (resourceId: string): Promise<Response> => {
    try {
      const call = { ...parsed, caller, reach, headers, ifMatch, resourceId, signal } as Call<
        Route
      >;
      return reply(route, await handle(call), headers);
    } catch (thrown) {
      const problem = asProblem(edge.translate(thrown));
      if (problem.kind.status >= 500 || !route.idempotent) throw problem;
      return problemResponse(problem);
    }
  };

  if (!route.idempotent) return await answer(edge.newId());
  const use = await keyUse(c, operation, caller, parsed, edge.newId());
  return await once(edge.idempotency, use, edge.now, answer);
}

async function keyUse(
  c: Context,
  operation: string,
  caller: Principal,
  { params, query, body }: Parsed,
  resourceId: string,
): Promise<Parameters<typeof once>[1]> {
  const key = parseIdempotencyKey(c.req.raw.headers);
  const scope = `${caller.subject} ${operation}`;
  return { scope, key, fingerprint: await fingerprintOf(params, query, body), resourceId };
}

/** Parsing the reply drops every field the contract does not list. */
function reply(route: Route, value: unknown, headers: Headers): Response {
  const body = route.reply.parse(value);
  const etag = isVersioned(body) ? etagOf(body.version) : undefined;
  if (etag && route.method === "get" && headers.get("if-none-match") === etag) {
    return new Response(null, { status: 304, headers: { etag } });
  }
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  return new Response(bytes, {
    status: route.status,
    headers: {
      "content-type": "application/json",
      // Said here, so that an answer to HEAD says it too.
      "content-length": String(bytes.byteLength),
      ...etag && { etag },
    },
  });
}

function isVersioned(body: unknown): body is { readonly version: number } {
  return typeof body === "object" && body !== null && "version" in body &&
    typeof body.version === "number";
}

function refuseOtherMethods(app: Hono, routes: readonly Route[]): void {
  for (const path of new Set(routes.flatMap(pathsOf))) {
    const here = routes.filter((route) => pathsOf(route).includes(path));
    const methods = here.map(({ method }) => method);
    const allowed = methods.includes("get") ? [...methods, "head"] : methods;
    const allow = allowed.map((method) => method.toUpperCase()).join(", ");
    app.all(path, () => {
      throw new Problem(problemTypes.methodNotAllowed, { headers: { allow } });
    });
  }
}

function pathsOf({ path, alias }: Route): readonly string[] {
  return alias === undefined ? [path] : [path, alias];
}

type Parsed = Pick<Call<Route>, "params" | "query" | "body" | "bodyText">;

async function parse(route: Route, c: Context): Promise<Parsed> {
  const bodyText = route.body ? await readJsonText(c.req.raw) : "";
  const given = {
    params: c.req.param(),
    query: queryOf(c),
    body: route.body ? parseJson(bodyText) : undefined,
  };
  const contract = z.object({
    params: route.params ?? z.unknown(),
    query: route.query ?? z.strictObject({}),
    body: route.body ?? z.undefined(),
  });
  const parsed = contract.safeParse(given);
  if (parsed.success) return { ...parsed.data, bodyText } as Parsed;
  const errors = parsed.error.issues.map(({ path, message }) => ({
    pointer: `#/${path.join("/")}`,
    message,
  }));
  throw new Problem(problemTypes.invalidRequest, { members: { errors } });
}

/** A name that is repeated has all its values, which no schema of a single one takes. */
function queryOf(c: Context): Record<string, string | readonly string[]> {
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([name, [first = "", ...more]]) => [
      name,
      more.length === 0 ? first : [first, ...more],
    ]),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Problem(problemTypes.malformedJson, { cause });
  }
}
