import { equal } from "node:assert/strict";
import { fakeGateway } from "../testing/fake_gateway.ts";

const key = "a-key-of-the-partner";
const startMs = Date.parse("2026-01-02T03:04:05.000Z");

function scene(config = "{}", more = "") {
  let atMs = startMs;
  const gateway = fakeGateway({
    yaml: `
_format_version: "3.0"
consumers:
  - username: partner
    keyauth_credentials:
      - { key: ${key} }
      - { key: short-lived, ttl: 60, created_at: ${startMs / 1000} }
    acls: [{ group: gold }, { group: eu }]
  - { username: "nobody\\r\\nx-evil: ü" }
services:
  - name: orders
    url: https://orders
    routes:
      - name: a
        paths: [/a]
        tags: [public]
        plugins: [{ name: key-auth, config: ${config} }${more}]
`,
    now: () => new Date(atMs),
  });
  return { ...gateway, pass: (ms: number) => void (atMs += ms) };
}

const withKey = (apikey: string) => ({ headers: { apikey } });

async function problemOf(response: Response): Promise<[number, string, string | null]> {
  const { type } = await response.json();
  return [
    response.status,
    type.replace("urn:sallyport:problem:", ""),
    response.headers.get("www-authenticate"),
  ];
}

Deno.test("key-auth knows a consumer by its key, in a header or in the query", async () => {
  const { ask, sent } = scene();
  equal((await ask("/a", withKey(key))).status, 200);
  equal((await ask(`/a?apikey=${key}&b=1`)).status, 200);
  for (const { headers } of sent) {
    equal(headers.get("x-consumer-username"), "partner");
    equal(headers.get("x-credential-identifier")?.length, 36);
  }
  equal(sent[0]!.headers.get("apikey"), key);
  equal(sent[1]!.url.endsWith(`?apikey=${key}&b=1`), true);
});

Deno.test("key-auth refuses a request without a key, with a wrong one, or with two", async () => {
  const { ask } = scene("{ realm: partners }");
  const realm = 'Key realm="partners"';
  const refusals: [Response, string][] = [
    [await ask("/a"), "api-key-missing"],
    [await ask("/a", withKey("")), "api-key-missing"],
    [await ask("/a", withKey("wrong")), "api-key-invalid"],
    [await ask("/a?apikey=wrong", withKey(key)), "api-key-invalid"],
  ];
  for (const [response, problem] of refusals) {
    const [status, type, challenge] = await problemOf(response);
    equal(`${status} ${type} ${challenge}`, `401 ${problem} ${realm}`);
  }
  const [, , plain] = await problemOf(await scene().ask("/a"));
  equal(plain, "Key");
});

Deno.test("key-auth looks for keys where it is told to", async () => {
  const { ask } = scene("{ key_names: [X-Key], key_in_query: false }");
  equal((await ask("/a", { headers: { "x-key": key } })).status, 200);
  equal((await ask(`/a?X-Key=${key}`)).status, 401);
  equal((await ask("/a", withKey(key))).status, 401);
  const inQuery = scene("{ key_in_header: false }");
  equal((await inQuery.ask("/a", withKey(key))).status, 401);
  equal((await inQuery.ask(`/a?apikey=${key}`)).status, 200);
});

Deno.test("key-auth hides the key from the service, however it is written", async () => {
  const { ask, sent } = scene("{ hide_credentials: true }");
  equal((await ask(`/a?b=%20&api%6bey=${key}&c`, withKey(key))).status, 200);
  equal(sent[0]!.headers.get("apikey"), null);
  equal(new URL(sent[0]!.url).search, "?b=%20&c");
  equal((await ask(`/a?apikey=${key}`)).status, 200);
  equal(new URL(sent[1]!.url).search, "");
});

Deno.test("key-auth takes a key no longer than its ttl", async () => {
  const { ask, pass } = scene();
  pass(59_999);
  equal((await ask("/a", withKey("short-lived"))).status, 200);
  pass(1);
  equal((await ask("/a", withKey("short-lived"))).status, 401);
  equal((await ask("/a", withKey(key))).status, 200);
});

Deno.test("key-auth lets in who shows nothing as the anonymous consumer, whose name breaks no header", async () => {
  const { ask, sent } = scene('{ anonymous: "nobody\\r\\nx-evil: ü" }');
  equal((await ask("/a")).status, 200);
  equal(sent[0]!.headers.get("x-anonymous-consumer"), "true");
  equal(sent[0]!.headers.get("x-evil"), null);
  const utf8 = new TextDecoder().decode(new TextEncoder().encode("nobody%0D%0Ax-evil: ü"));
  const told = sent[0]!.headers.get("x-consumer-username")!;
  equal(new TextDecoder().decode(Uint8Array.from(told, (one) => one.charCodeAt(0))), utf8);
  equal((await ask("/a", withKey("wrong"))).status, 401);
});

Deno.test("acl lets in the groups it allows, and tells the service the consumer's groups", async () => {
  const allowing = scene("{}", ", { name: acl, config: { allow: [gold, silver] } }");
  equal((await allowing.ask("/a", withKey(key))).status, 200);
  equal(allowing.sent[0]!.headers.get("x-consumer-groups"), "gold, eu");
  const hiding = scene(
    "{}",
    ", { name: acl, config: { allow: [gold], hide_groups_header: true } }",
  );
  equal((await hiding.ask("/a", withKey(key))).status, 200);
  equal(hiding.sent[0]!.headers.get("x-consumer-groups"), null);
  const others = scene("{}", ", { name: acl, config: { allow: [silver] } }");
  equal((await others.ask("/a", withKey(key))).status, 403);
});

Deno.test("acl keeps out the groups it denies, and whom nothing is known of", async () => {
  const denying = scene("{}", ", { name: acl, config: { deny: [eu] } }");
  equal((await denying.ask("/a", withKey(key))).status, 403);
  const others = scene("{}", ", { name: acl, config: { deny: [us] } }");
  equal((await others.ask("/a", withKey(key))).status, 200);
  const nobody = fakeGateway({
    yaml: `
_format_version: "3.0"
plugins: [{ name: acl, config: { deny: [eu] } }]
services:
  - { name: orders, url: https://orders, routes: [{ name: a, paths: [/a], tags: [public] }] }
`,
  });
  equal((await nobody.ask("/a")).status, 403);
});

Deno.test("acl counts the roles of an access token as groups", async () => {
  const { ask } = fakeGateway({
    yaml: `
_format_version: "3.0"
plugins: [{ name: acl, config: { deny: [customer] } }]
services:
  - { name: orders, url: https://orders, routes: [{ name: a, paths: [/a] }] }
`,
  });
  const statusOf = async (roles: string) =>
    (await ask("/a", { headers: { authorization: `Bearer ${roles}` } })).status;
  equal(await statusOf("admin"), 200);
  equal(await statusOf("admin+customer"), 403);
});

Deno.test("a token and a key: where neither must be shown, either is enough", async () => {
  const { ask, sent } = fakeGateway({
    yaml: `
_format_version: "3.0"
consumers:
  - { username: partner, keyauth_credentials: [{ key: ${key} }] }
  - { username: guest }
services:
  - name: orders
    url: https://orders
    routes:
      - name: a
        paths: [/a]
        plugins:
          - { name: jwt, config: { anonymous: guest } }
          - { name: key-auth, config: { anonymous: guest } }
`,
  });
  const told = async (headers: Record<string, string>) => {
    equal((await ask("/a", { headers })).status, 200);
    return sent.at(-1)!.headers.get("x-consumer-username");
  };
  equal(await told({}), "guest");
  equal(await told({ apikey: key }), "partner");
  equal(await told({ authorization: "Bearer customer" }), null);
});
