import { equal } from "node:assert/strict";
import { parseGatewayConfig } from "./gateway_config.ts";
import { RouteTable } from "./route_table.ts";

const segments = ["", "a", "ab", "abc", "b", "a.b", "A"];
const paths = segments.flatMap((one) => segments.map((other) => `/${one}/${other}`));
const prefixes = [...paths, ...segments.map((segment) => `/${segment}`), "/"];
const expressions = ["~/a", "~/a/[^/]+$", "~/(?:a|b)/b", "~/ab?/", "~/ab*", "~/.*b$", "~/a/b|/b/a"];
const hosts = [null, ["one.test"], ["*.test"], ["two.test:8443"]];
const methods = [null, ["GET"], ["POST", "PUT"]];

const routes = [...prefixes, ...expressions].map((path, n) => ({
  name: `r${n}`,
  paths: [path.replace(/\/\/+/g, "/")],
  hosts: hosts[n % hosts.length],
  methods: methods[n % methods.length],
  regex_priority: n % 5,
}));
const service = { name: "all", url: "https://all", routes };
const table = new RouteTable(
  parseGatewayConfig(JSON.stringify({ _format_version: "3.0", services: [service] }), "routes"),
);

for (const host of ["one.test", "two.test:8443", "a.b.test", "other"]) {
  for (const method of ["GET", "POST", "DELETE"]) {
    Deno.test(`A ${method} for ${host} gets the route that is first of all that fit, whatever its path`, () => {
      for (const path of [...paths, "/", "/a", "/abcd/efg", "/zz", "/a/b/c/d"]) {
        const request = { headers: new Headers() };
        const facts = { target: { path, search: "" }, host, serverName: "", request };
        const first = table.entries.find((entry) =>
          entry.methods.has(method) && entry.path.match(path) !== undefined &&
          entry.conditions.hold(facts)
        );
        const found = table.find(facts, method);
        equal(found?.entry, first, path);
        equal(found?.matched, first?.path.match(path), path);
      }
    });
  }
}
