import { deepEqual, equal, match } from "node:assert/strict";
import { fakeGateway } from "../testing/fake_gateway.ts";

const empty = '_format_version: "3.0"\n';
const uuid = "9f4cdb05-3a3d-4e0c-8a0f-0d7a2a1a7c11";

function form(fields: string): URLSearchParams {
  return new URLSearchParams(fields.split(" ").map((field) => field.split("=")));
}

/** An empty configuration, and its Admin API by forms, as `curl -d` sends them. */
function anAdmin() {
  const gateway = fakeGateway({ yaml: empty });
  const send = async (method: string, path: string, fields?: string) => {
    const response = await gateway.admin(method, path, fields && form(fields));
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  return { ...gateway, send };
}

Deno.test("what is made by forms holds at once, with Kong's defaults filled in", async () => {
  const { send, ask, sent } = anAdmin();
  equal((await ask("/payments", { method: "POST" })).status, 404);
  const service = await send(
    "POST",
    "/services",
    "name=payment-service url=https://payment-service:3000",
  );
  equal(service.status, 201);
  deepEqual(
    { ...service.body, id: "", created_at: 0, updated_at: 0 },
    {
      id: "",
      created_at: 0,
      updated_at: 0,
      name: "payment-service",
      protocol: "https",
      host: "payment-service",
      port: 3000,
      path: null,
      retries: 5,
      connect_timeout: 60000,
      write_timeout: 60000,
      read_timeout: 60000,
      client_certificate: null,
      tls_verify: null,
      tls_verify_depth: null,
      ca_certificates: null,
      enabled: true,
      tags: null,
    },
  );
  const route = await send(
    "POST",
    "/services/payment-service/routes",
    "paths[]=/payments methods[]=POST",
  );
  equal(route.status, 201);
  deepEqual([route.body.paths, route.body.methods, route.body.strip_path], [
    ["/payments"],
    ["POST"],
    true,
  ]);
  deepEqual(route.body.service, { id: service.body.id });
  equal((await ask("/payments", { method: "POST" })).status, 401);
  const headers = { authorization: "Bearer payment" };
  equal((await ask("/payments", { method: "POST", headers })).status, 200);
  equal(sent.at(-1)!.peer, "spiffe://sallyport/payment");
  match(sent.at(-1)!.url, /\/$/);
  const limit = "name=rate-limiting config.second=1 config.hour=1000";
  const plugin = await send("POST", "/services/payment-service/plugins", limit);
  deepEqual([plugin.status, plugin.body.config.second, plugin.body.config.policy], [
    201,
    1,
    "local",
  ]);
  equal((await ask("/payments", { method: "POST", headers })).status, 200);
  equal((await ask("/payments", { method: "POST", headers })).status, 429);
});

Deno.test("what breaks the schema is refused in Kong's words, and nothing changes", async () => {
  const { send, saved } = anAdmin();
  const missing = await send("POST", "/services", "name=a");
  equal(missing.status, 400);
  deepEqual([missing.body.code, missing.body.name], [2, "schema violation"]);
  equal(missing.body.fields.host, "required field missing");
  const odd = await send("POST", "/services", "name=a url=https://a colour=red retries=many");
  deepEqual(odd.body.fields, { colour: "unknown field", retries: "expected a number" });
  const plugin = await send("POST", "/plugins", "name=nonsense");
  deepEqual([plugin.status, plugin.body.fields], [400, { name: "plugin not installed" }]);
  const route = await send("POST", "/routes", "name=r");
  deepEqual(route.body.fields["@entity"], [
    "must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'",
  ]);
  deepEqual((await send("POST", "/services", "name=a url=http://a")).status, 400);
  equal(saved.length, 0);
});

Deno.test("names that are taken are 409, missing parents 400, and what is referred to stays", async () => {
  const { send } = anAdmin();
  await send("POST", "/services", "name=a url=https://a");
  const twin = await send("POST", "/services", "name=a url=https://b");
  deepEqual([twin.status, twin.body.code, twin.body.name], [409, 5, "unique constraint violation"]);
  deepEqual(twin.body.fields, { name: "a" });
  const orphan = await send("POST", "/routes", `paths[]=/a service.id=${uuid}`);
  deepEqual([orphan.status, orphan.body.code], [400, 4]);
  equal((await send("POST", "/services/nobody/routes", "paths[]=/a")).status, 404);
  await send("POST", "/services/a/routes", "name=r paths[]=/a");
  const held = await send("DELETE", "/services/a");
  deepEqual([held.status, held.body.code, held.body.fields], [400, 4, {
    "@referenced_by": "routes",
  }]);
  equal((await send("DELETE", "/routes/r")).status, 204);
  equal((await send("DELETE", "/services/a")).status, 204);
  equal((await send("DELETE", "/services/a")).status, 204);
  equal((await send("GET", "/services/a")).status, 404);
});

Deno.test("PUT makes or replaces by a client's id or by name, PATCH changes what it names", async () => {
  const { send } = anAdmin();
  const made = await send("PUT", `/services/${uuid}`, "name=a url=https://a retries=2");
  deepEqual([made.status, made.body.id, made.body.retries], [200, uuid, 2]);
  const replaced = await send("PUT", "/services/a", "url=https://b:444/x");
  deepEqual(
    [
      replaced.body.id,
      replaced.body.name,
      replaced.body.host,
      replaced.body.port,
      replaced.body.retries,
    ],
    [uuid, "a", "b", 444, 5],
  );
  const patched = await send("PATCH", "/services/a", "retries=7");
  deepEqual([patched.status, patched.body.retries, patched.body.host, patched.body.path], [
    200,
    7,
    "b",
    "/x",
  ]);
  const limit = await send("POST", "/services/a/plugins", "name=rate-limiting config.minute=5");
  const other = await send("PATCH", `/plugins/${limit.body.id}`, "config.hour=9");
  deepEqual([other.body.config.minute, other.body.config.hour], [5, 9]);
  equal((await send("PATCH", "/services/nobody", "retries=1")).status, 404);
});

Deno.test("lists come in pages whose last has no offset, and by tags", async () => {
  const { send, admin } = anAdmin();
  for (const name of ["a", "b", "c"]) {
    await send("POST", "/services", `name=${name} url=https://${name} tags[]=t-${name} tags[]=all`);
  }
  const names: string[] = [];
  let path = "/services?size=2";
  let pages = 0;
  while (path) {
    const { body } = await send("GET", path);
    names.push(...body.data.map(({ name }: { name: string }) => name));
    equal("offset" in body, body.next !== null);
    path = body.next;
    pages++;
  }
  deepEqual([names.toSorted(), pages], [["a", "b", "c"], 2]);
  const listed = async (query: string) =>
    (await send("GET", `/services?${query}`)).body.data.length;
  deepEqual([await listed("tags=all,t-a"), await listed("tags=t-a/t-b")], [1, 2]);
  equal((await send("GET", "/services?tags=a,b/c")).body.code, 11);
  equal((await send("GET", "/services?size=0")).body.code, 9);
  equal((await send("GET", "/services?offset=nonsense")).body.code, 7);
  equal((await admin("GET", "/services")).headers.get("server"), "kong/3.9.1");
  equal((await send("POST", "/services/a/b/c/d")).status, 404);
  equal((await send("DELETE", "/services")).status, 405);
});

Deno.test("what is kept after a change is the state in force", async () => {
  const { send, saved, live } = anAdmin();
  await send("POST", "/services", "name=a url=https://a");
  equal(saved.at(-1), live.state);
  equal(saved.length, 1);
});

Deno.test("a consumer's credentials hang below it, and go with it", async () => {
  const { send } = anAdmin();
  await send("POST", "/consumers", "username=ann");
  const jwt = await send("POST", "/consumers/ann/jwt", "key=ann-key algorithm=HS256");
  deepEqual([jwt.status, jwt.body.key, typeof jwt.body.secret], [201, "ann-key", "string"]);
  const key = await send("POST", "/consumers/ann/key-auth");
  equal(typeof key.body.key, "string");
  await send("POST", "/consumers/ann/acls", "group=staff");
  equal((await send("GET", "/consumers/ann/acls/staff")).body.group, "staff");
  equal((await send("GET", "/jwts")).body.data.length, 1);
  equal((await send("GET", `/key-auths/${key.body.id}/consumer`)).body.username, "ann");
  equal((await send("DELETE", "/consumers/ann")).status, 204);
  deepEqual((await send("GET", "/jwts")).body.data, []);
});

Deno.test("a set of weighted targets hangs below its upstream, by id or by address", async () => {
  const { send } = anAdmin();
  await send("POST", "/upstreams", "name=pool healthchecks.active.healthy.interval=5");
  const { body: pool } = await send("GET", "/upstreams/pool");
  deepEqual([pool.algorithm, pool.healthchecks.active.healthy.interval, pool.slots], [
    "round-robin",
    5,
    10000,
  ]);
  const target = await send("POST", "/upstreams/pool/targets", "target=10.0.0.1");
  deepEqual([target.status, target.body.target, target.body.weight], [201, "10.0.0.1:8000", 100]);
  equal((await send("GET", "/upstreams/pool/targets/10.0.0.1:8000")).status, 200);
  equal((await send("DELETE", "/upstreams/pool/targets/10.0.0.1:8000")).status, 204);
  equal((await send("GET", "/upstreams/pool/targets")).body.data.length, 0);
});

Deno.test("the health of an upstream is told target by target, and set by hand", async () => {
  const { send, pools, live } = anAdmin();
  await send("POST", "/upstreams", "name=pool healthchecks.passive.unhealthy.http_failures=1");
  await send("POST", "/upstreams/pool/targets", "target=10.0.0.1:443");
  await send("POST", "/services", "name=a protocol=https host=pool port=443");
  await send("POST", "/services/a/routes", "paths[]=/a");
  using _ = pools;
  pools.adopt(live.state);
  const health = async () => {
    const { body } = await send("GET", "/upstreams/pool/health");
    return body.data.map((
      target: { target: string; health: string },
    ) => [target.target, target.health]);
  };
  deepEqual(await health(), [["10.0.0.1:443", "HEALTHY"]]);
  equal((await send("PUT", "/upstreams/pool/targets/10.0.0.1:443/unhealthy")).status, 204);
  deepEqual(await health(), [["10.0.0.1:443", "UNHEALTHY"]]);
  equal((await send("PUT", "/upstreams/pool/targets/10.0.0.9:443/healthy")).status, 404);
  equal((await send("GET", "/upstreams/none/health")).status, 404);
});

Deno.test("the defaults in a schema are those that an entity is given", async () => {
  const { send } = anAdmin();
  const { body: schema } = await send("GET", "/schemas/services");
  const defaults = Object.assign({}, ...schema.fields) as Record<string, { default?: unknown }>;
  const { body: service } = await send("POST", "/services", "name=a url=https://a");
  for (const [name, field] of Object.entries(defaults)) {
    if (field.default === undefined || ["protocol", "port"].includes(name)) continue;
    deepEqual(service[name], field.default, name);
  }
  const { body: plugin } = await send("GET", "/schemas/plugins/rate-limiting");
  const { config } = Object.assign({}, ...plugin.fields);
  equal(Object.assign({}, ...config.fields).policy.default, "local");
  equal((await send("GET", "/schemas/plugins/nonsense")).status, 404);
  equal((await send("GET", "/schemas/nonsense")).status, 404);
});

Deno.test("the whole configuration is read and replaced at once, or not at all", async () => {
  const { send, admin, ask } = anAdmin();
  const config =
    `${empty}services: [{ name: a, url: "https://a", routes: [{ name: r, paths: [/a], tags: [public] }] }]\n`;
  const replaced = await admin("POST", "/config", { config });
  equal(replaced.status, 201);
  equal((await ask("/a")).status, 200);
  const refused = await admin("POST", "/config", { config: `${empty}servics: []\n` });
  deepEqual([refused.status, (await refused.json()).code], [400, 14]);
  equal((await ask("/a")).status, 200);
  const { body } = await send("GET", "/config");
  const back = await admin("POST", "/config", { config: body.config });
  equal(back.status, 201);
  equal((await send("GET", "/services/a")).body.host, "a");
});

Deno.test("a body that is not what it says is refused", async () => {
  const { admin } = anAdmin();
  const json = new Blob(["{"], { type: "application/json" });
  deepEqual(
    [
      (await admin("POST", "/services", json)).status,
      await (await admin("POST", "/services", json)).json(),
    ],
    [400, { message: "Cannot parse JSON body" }],
  );
  const polluted = await admin("POST", "/services", new URLSearchParams({ "__proto__.a": "b" }));
  equal(polluted.status, 400);
  equal(({} as { a?: string }).a, undefined);
  const long = await admin("POST", "/services", new Blob(["x".repeat(17 * 1024 ** 2)]));
  equal(long.status, 413);
  const deep = await admin("POST", "/services", new URLSearchParams({ "a.b.c.d.e.f.g.h.i": "b" }));
  equal(deep.status, 400);
  const far = await admin("POST", "/routes", new URLSearchParams({ "paths[4000000000]": "/a" }));
  equal(far.status, 400);
});
