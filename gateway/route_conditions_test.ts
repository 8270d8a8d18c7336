import { deepEqual, equal } from "node:assert/strict";
import { fakeGateway } from "./testing/fake_gateway.ts";

/** A gateway whose routes lead to services that are told apart by their path. */
function routed(routes: readonly string[]) {
  const services = routes.map((route, at) =>
    `  - { name: s${at}, url: "https://s${at}.test/${at}", routes: [{ name: r${at}, tags: [public], ${route} }] }`
  );
  const yaml = `_format_version: "3.0"\nservices:\n${services.join("\n")}\n`;
  const { ask, sent, app } = fakeGateway({ yaml });
  /** The place of the route that a request took; -1 when none did. */
  const routeOf = async (path: string, headers: Record<string, string> = {}, method = "GET") => {
    const before = sent.length;
    const { status } = await ask(path, { headers, method });
    if (sent.length === before) return status === 404 ? -1 : status;
    return Number(new URL(sent.at(-1)!.url).hostname.slice(1, -5));
  };
  return { routeOf, app };
}

const host = (name: string) => ({ host: `${name}:8443` });

Deno.test("hosts choose a route: whole names before wildcards, whatever their case and port", async () => {
  const { routeOf } = routed([
    'hosts: ["*.example"]',
    "hosts: [edge.example]",
    'hosts: ["edge.*"]',
    "hosts: ['edge.example:9']",
  ]);
  equal(await routeOf("/", host("EDGE.example")), 1);
  equal(await routeOf("/", host("edge.example")), 1);
});

Deno.test("a wildcard stands for labels, and for nothing less", async () => {
  const { routeOf } = routed(['hosts: ["*.example"]']);
  equal(await routeOf("/", host("edge.example")), 0);
  const { routeOf: other } = routed(['hosts: ["*.edge.example"]']);
  equal(await other("/", host("edge.example")), -1);
});

Deno.test("headers choose a route by value, without case, or by an expression", async () => {
  const { routeOf } = routed([
    "paths: [/a], headers: { x-kind: [one, two] }",
    "paths: [/a], headers: { x-kind: ['~*^t[0-9]+$'] }",
    "paths: [/a], headers: { x-kind: [one], x-more: [yes-please] }",
    "paths: [/a]",
  ]);
  equal(await routeOf("/a"), 3);
  equal(await routeOf("/a", { "x-kind": "TWO" }), 0);
  equal(await routeOf("/a", { "x-kind": "T12" }), 1);
  equal(await routeOf("/a", { "x-kind": "one", "x-more": "yes-please" }), 2);
  equal(await routeOf("/a", { "x-kind": "three" }), 3);
});

Deno.test("the route with more kinds of condition goes first, though another has the longer path", async () => {
  const { routeOf } = routed([
    "paths: [/a/b]",
    "paths: [/a], methods: [GET], hosts: [edge.example]",
    "paths: [/a], methods: [GET]",
  ]);
  equal(await routeOf("/a/b"), 1);
  equal(await routeOf("/a/b", {}, "POST"), 0);
});

Deno.test("a route with methods or hosts alone takes every path", async () => {
  const { routeOf } = routed(["methods: [DELETE]"]);
  deepEqual([await routeOf("/any/thing", {}, "DELETE"), await routeOf("/any/thing")], [0, 405]);
});

Deno.test("a route by the name asked for in the TLS handshake is for that name alone", async () => {
  const { app } = routed(["snis: [api.example]"]);
  const ask = async (serverName: string) => {
    const request = new Request("https://edge.example:8443/");
    return (await app.fetch(request, { peer: { clientIp: "192.0.2.1", serverName } })).status;
  };
  deepEqual([await ask("api.example"), await ask("other.example"), await ask("")], [200, 404, 404]);
});

Deno.test("a route without a service, and one whose service is switched off, lead nowhere", async () => {
  const yaml = `_format_version: "3.0"
routes: [{ name: alone, paths: [/alone], tags: [public] }]
services:
  - name: off
    url: https://off.test
    enabled: false
    routes: [{ name: off, paths: [/off], tags: [public] }]
`;
  const { ask } = fakeGateway({ yaml });
  deepEqual([(await ask("/alone")).status, (await ask("/off")).status], [503, 404]);
});
