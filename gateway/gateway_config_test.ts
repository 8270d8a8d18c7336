import { deepEqual, equal, throws } from "node:assert/strict";
import { ConfigError } from "platform/config";
import { isPublic, parseGatewayConfig, peerOf, type RouteConfig } from "./gateway_config.ts";

const file = Deno.readTextFileSync(new URL("./gateway.yaml", import.meta.url));

const small = `_format_version: "3.0"
services:
  - name: orders
    url: https://orders
    routes:
      - name: a
        paths: [/a]
`;

/** What `text` is refused for, a line per fault. */
function faultsOf(text: string): string[] {
  try {
    parseGatewayConfig(text, "g.yaml");
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return thrown.message.split("\n").slice(1).map((line) => line.trim());
  }
  return [];
}

Deno.test("gateway.yaml is a valid configuration, in which all but a few routes demand a token", () => {
  const { routes } = parseGatewayConfig(file, "gateway.yaml");
  const open = routes.filter(({ route }) => isPublic(route));
  deepEqual(open.map(({ route: { name } }) => name), [
    "sign-up",
    "oidc-post",
    "oidc-mail",
    "oidc-begin",
    "oidc",
    "psp-webhook",
    "read-products",
  ]);
});

Deno.test("Kong's defaults hold", () => {
  const [{ service, route }] = parseGatewayConfig(small, "g.yaml").routes as [RouteConfig];
  const { retries, connect_timeout, write_timeout, read_timeout, host, port, path } = service!;
  deepEqual({ retries, connect_timeout, write_timeout, read_timeout, host, port, path }, {
    retries: 5,
    connect_timeout: 60_000,
    write_timeout: 60_000,
    read_timeout: 60_000,
    host: "orders",
    port: 443,
    path: null,
  });
  equal(route.strip_path, true);
  equal(route.preserve_host, false);
  equal(route.methods, null);
});

Deno.test("a service's peer is its host, unless a tag names another", () => {
  const peer = (text: string) => peerOf(parseGatewayConfig(text, "g.yaml").routes[0]!.service!);
  equal(peer(small), "spiffe://sallyport/orders");
  const tagged = small.replace(
    "url: https://orders",
    "url: https://o-1:3000\n    tags: ['spiffe:orders']",
  );
  equal(peer(tagged), "spiffe://sallyport/orders");
});

Deno.test("every fault is told by file, line and path", () => {
  const text = `_format_version: "3.0"
plugins:
  - name: rate-limitting
  - name: cors
    config:
      origins: ["https://a.example/path"]
services:
  - name: orders
    url: https://orders
    retires: 3
    routes:
      - name: a
        paths: [/a]
        metods: [GET]
      - name: b
        paths: ["~/b("]
        methods: [FETCH]
`;
  deepEqual(faultsOf(text), [
    "g.yaml:3: plugins[0].name: plugin not installed",
    'g.yaml:6: plugins[1].config.origins[0]: Not an origin such as "https://example.com"',
    "g.yaml:10: services[0].retires: unknown field",
    "g.yaml:14: services[0].routes[0].metods: unknown field",
    "g.yaml:16: services[0].routes[1].paths[0]: not a regular expression",
    "g.yaml:17: services[0].routes[1].methods[0]: expected one of: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
  ]);
});

Deno.test("text that is no YAML, or names a key twice, is told by its line", () => {
  equal(faultsOf(`${small}services: []\n`)[0], "g.yaml:8: Map keys must be unique");
  equal(faultsOf("a: [1\nb: 2\n").length > 0, true);
  equal(faultsOf("").length, 1);
});

Deno.test("what Kong has and this gateway does not do is refused, not ignored", () => {
  const odd: [string, string][] = [
    [`${small}vaults: []\n`, "g.yaml:8: vaults: unknown field"],
    [
      small.replace("https:", "http:"),
      "g.yaml:3: services[0].protocol: value must be https: services are reached by TLS only",
    ],
    [
      small.replace("url: https://orders", "host: orders"),
      "g.yaml:3: services[0].protocol: value must be https: services are reached by TLS only",
    ],
    [
      small.replace("paths: [/a]", "paths: [a]"),
      "g.yaml:7: services[0].routes[0].paths[0]: should start with: / (fixed path) or ~/ (regex path)",
    ],
    [
      small.replace("paths: [/a]", "sources: [{ ip: 192.0.2.1 }]\n        paths: [/a]"),
      "g.yaml:7: services[0].routes[0].sources: not for HTTP",
    ],
  ];
  for (const [text, fault] of odd) deepEqual(faultsOf(text), [fault]);
});

Deno.test("what contradicts itself is refused", () => {
  const publicAcl = `${small}        tags: [public]
        plugins: [{ name: acl, config: { allow: [admin] } }]
`;
  equal(faultsOf(publicAcl).length, 1);
  equal(faultsOf(`${small}      - { name: a, paths: [/b] }\n`).length, 1);
  equal(faultsOf(small.replace("https://orders", "https://orders\n    host: orders")).length, 1);
  equal(faultsOf(`${small}plugins: [{ name: jwt }, { name: jwt }]\n`).length, 1);
  const noLimit = `${small}plugins: [{ name: rate-limiting, config: {} }]\n`;
  throws(() => parseGatewayConfig(noLimit, "g.yaml"), /At least one of second/);
});
