import { equal, notEqual } from "node:assert/strict";
import type { Role } from "platform/access";
import { type ClientCertificate, Exchange } from "../exchange.ts";
import { cacheKey } from "./cache_key.ts";
import { ProxyCacheConfig } from "./proxy_cache_config.ts";

const config = ProxyCacheConfig.parse({ strategy: "memory" });

interface Told {
  readonly headers?: Record<string, string>;
  readonly der?: string;
  readonly set?: Partial<Exchange>;
}

function keyOf({ headers = {}, der, set = {} }: Told, place = "here"): string {
  const request = new Request("https://edge/", { headers });
  const certificate = der === undefined
    ? undefined
    : { der: new TextEncoder().encode(der) } as unknown as ClientCertificate;
  const exchange = new Exchange(request, "192.0.2.1", "", certificate);
  const target = { path: "/a", search: "" };
  return cacheKey(Object.assign(exchange, { host: "edge", target, ...set }), config, place);
}

function knownBy(subject: string, clientId: string, ...roles: Role[]): Told {
  return { set: { principal: { subject, clientId, roles: new Set(roles) } } };
}

const byConsumer = (id: string, credential: string, ...groups: string[]): Told => ({
  set: {
    consumer: { id } as Exchange["consumer"],
    credential: { id: credential },
    groups: new Set(groups),
  },
});

Deno.test("a cached answer is found by nobody but who it was given to", () => {
  const callers: Told[] = [
    {},
    knownBy("ann", "shop", "customer"),
    knownBy("bob", "shop", "customer"),
    knownBy("ann", "app", "customer"),
    knownBy("ann", "shop", "customer", "admin"),
    knownBy("", "", ...[]),
    byConsumer("c1", "k1", "g1"),
    byConsumer("c2", "k1", "g1"),
    byConsumer("c1", "k2", "g1"),
    byConsumer("c1", "k1", "g1", "g2"),
    { headers: { authorization: "Bearer a" } },
    { headers: { authorization: "Bearer b" } },
    { headers: { cookie: "a" } },
    { der: "one" },
    { der: "other" },
    { set: { host: "other" } },
    { set: { target: { path: "/b", search: "" } } },
    { set: { matched: { route: { id: "r2" } } as Exchange["matched"] } },
  ];
  const keys = new Set(callers.map((caller) => keyOf(caller)));
  equal(keys.size, callers.length);
  notEqual(keyOf({}, "here"), keyOf({}, "there"));
});

Deno.test("a caller finds the answer again, in whatever order roles and groups are told", () => {
  equal(
    keyOf(knownBy("ann", "shop", "admin", "customer")),
    keyOf(knownBy("ann", "shop", "customer", "admin")),
  );
  equal(keyOf(byConsumer("c", "k", "a", "b")), keyOf(byConsumer("c", "k", "b", "a")));
  equal(keyOf({ set: { host: "EDGE" } }), keyOf({}));
});

Deno.test("a caller who is known by a token finds the answer by the next token too", () => {
  const withToken = (token: string) =>
    keyOf({ ...knownBy("ann", "shop"), headers: { authorization: token } });
  equal(withToken("Bearer a"), withToken("Bearer b"));
});
