import { equal } from "node:assert/strict";
import { z } from "zod";
import { type AccessTable, anyone, type Authenticate, type Role } from "platform/access";
import { Problem, problemType, problemTypes, type Translate } from "platform/problem";
import { Database, EmbeddedIdempotencyStore, idempotencySchema } from "platform/store";
import { type Fields, silentLogger } from "platform/telemetry";
import { bindRoutes } from "../bind_routes.ts";
import { matching } from "../precondition.ts";
import type { Call, Handlers, Route } from "../route.ts";

const Thing = z.object({ id: z.string(), name: z.string(), version: z.int() });
const params = z.strictObject({ id: z.string().regex(/^t\d$/) });

const routes = {
  listThings: {
    method: "get",
    path: "/things",
    summary: "List things",
    query: z.strictObject({ limit: z.coerce.number().int().max(9).optional() }),
    status: 200,
    reply: z.object({ items: z.array(Thing) }),
  },
  addThing: {
    method: "post",
    path: "/things",
    summary: "Add a thing",
    body: z.strictObject({ name: z.string().min(1) }),
    idempotent: true,
    status: 201,
    reply: Thing,
  },
  readThing: {
    method: "get",
    path: "/things/:id",
    summary: "Read a thing",
    params,
    status: 200,
    reply: Thing,
  },
  renameThing: {
    method: "patch",
    path: "/things/:id",
    summary: "Rename a thing",
    params,
    body: z.strictObject({ name: z.string().min(1) }),
    ifMatch: "required",
    status: 200,
    reply: Thing,
  },
  ping: {
    method: "post",
    path: "/ping",
    summary: "Say that you are there",
    status: 202,
    reply: z.object({ ok: z.boolean() }),
  },
} as const satisfies Record<string, Route>;

const policy: AccessTable<keyof typeof routes> = {
  listThings: { customer: "own", admin: "any" },
  addThing: { admin: "any" },
  readThing: { customer: "own", admin: "any" },
  renameThing: { admin: "any" },
  ping: { anyone: "any" },
};

export const tea: z.output<typeof Thing> & { readonly secret: string } = {
  id: "t1",
  name: "Tea",
  version: 7,
  secret: "not for clients",
};
const tooMuch = problemType("too-much", 409, "There is too much of it");

/** A rule of the domain that a handler may break. */
export class TooMuch extends Error {}
const translate: Translate = (thrown) =>
  thrown instanceof TooMuch ? new Problem(tooMuch, { detail: "too much", cause: thrown }) : thrown;

/** As `Bearer <subject> <role>`. */
const authenticate: Authenticate = (request) => {
  const [, subject = "", role] = request.headers.get("authorization")?.split(" ") ?? [];
  if (!role) return Promise.reject(new Problem(problemTypes.unauthenticated));
  return Promise.resolve({ ...anyone, subject, roles: new Set([role as Role]) });
};

export type ThingHandlers = Handlers<typeof routes>;
export type Send = (method: string, path: string, traits?: Traits) => Promise<Response>;

export interface Traits {
  readonly as?: string;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
  /** Aborted when nobody waits for the answer. */
  readonly signal?: AbortSignal;
}

export interface Scene {
  readonly send: Send;
  readonly calls: Call<Route>[];
  readonly logged: Fields[];
}

export const asJson: Readonly<Record<string, string>> = { "content-type": "application/json" };

/** A test of an API of its own, whose handlers are the ones given or else answer at once. */
export function testThings(
  promise: string,
  check: (scene: Scene) => Promise<void>,
  given: Partial<ThingHandlers> = {},
): void {
  Deno.test(promise, async () => {
    using db = Database.open(":memory:", [idempotencySchema]);
    const calls: Call<Route>[] = [];
    const logged: Fields[] = [];
    const seen = <T>(answer: T) => (call: unknown): Promise<T> => {
      calls.push(call as Call<Route>);
      return Promise.resolve(answer);
    };
    const app = bindRoutes(routes, {
      policy,
      authenticate,
      translate,
      idempotency: new EmbeddedIdempotencyStore(db),
      log: { ...silentLogger, failure: (message) => logged.push({ message }) },
      now: () => new Date("2026-01-02T12:00:00.000Z"),
      newId: () => crypto.randomUUID(),
    }, {
      listThings: seen({ items: [tea] }),
      addThing: seen(tea),
      readThing: seen(tea),
      // deno-lint-ignore require-await -- whatever is thrown must come as a rejection.
      renameThing: async (call) => {
        calls.push(call);
        const rename = matching(
          call.ifMatch,
          ({ version }: typeof tea) => version,
          (thing) => thing,
        );
        return rename(tea);
      },
      ping: seen({ ok: true }),
      ...given,
    });
    const send: Send = async (method, path, { as = "ada admin", body, headers, signal } = {}) =>
      await app.fetch(
        new Request(`http://test${path}`, {
          method,
          headers: { ...as && { authorization: `Bearer ${as}` }, ...headers },
          ...body !== undefined && { body },
        }),
        { signal },
      );
    await check({ send, calls, logged });
  });
}

/** Status and type of a problem at a glance. */
export async function problem(response: Response): Promise<string> {
  equal(response.headers.get("content-type"), "application/problem+json");
  const { type, status } = await response.json();
  equal(status, response.status);
  return `${status} ${type.replace("urn:sallyport:problem:", "")}`;
}
