import { deepEqual, equal } from "node:assert/strict";
import { fakeGateway } from "../testing/fake_gateway.ts";

/** What decK 1.55 asks before it prints, compares or changes anything. */
const dumped: readonly (readonly [path: string, status: number])[] = [
  ["/", 200],
  ["/services?size=1000", 200],
  ["/routes?size=1000", 200],
  ["/plugins?size=1000", 200],
  ["/certificates?size=1000", 200],
  ["/ca_certificates?size=1000", 200],
  ["/snis?size=1000", 200],
  ["/upstreams?size=1000", 200],
  ["/consumers?size=1000", 200],
  ["/key-auths?size=1000", 200],
  ["/jwts?size=1000", 200],
  ["/acls?size=1000", 200],
  // What it looks for and passes over where there is none.
  ["/filter-chains?size=1000", 404],
  ["/vaults?size=1000", 404],
  ["/partials?size=1000", 404],
  ["/keys?size=1000", 404],
  ["/key-sets?size=1000", 404],
  ["/degraphql_routes?size=1000", 404],
  ["/hmac-auths?size=1000", 404],
  ["/basic-auths?size=1000", 404],
  ["/oauth2?size=1000", 404],
  ["/mtls-auths?size=1000", 404],
  ["/consumer_groups?size=1000", 404],
  ["/schemas/services", 200],
  ["/schemas/routes", 200],
  ["/schemas/upstreams", 200],
  ["/schemas/targets", 200],
  ["/schemas/plugins/rate-limiting", 200],
];

const consumer = { id: "0e549d44-c703-433b-86d0-383db4ba0b4e", username: "ann" };
const service = { id: "20ff1172-b403-46c0-a383-ff274bce64cf" };
const route = { id: "f53046bd-73e4-4bda-89ce-eb13beef55f2" };
const upstream = { id: "63458ffa-7be3-4f65-861a-0910f50b98e7" };

/** What it sends to bring a file's entities about: each by PUT, with an id of its own making. */
const synced: readonly (readonly [path: string, schema: string, body: Record<string, unknown>])[] =
  [
    [`/consumers/${consumer.id}`, "consumers", consumer],
    [`/services/${service.id}`, "services", {
      ...service,
      name: "payment-service",
      protocol: "https",
      host: "payment-service",
      port: 3000,
    }],
    [`/upstreams/${upstream.id}`, "upstreams", { ...upstream, name: "pool" }],
    [
      `/consumers/${consumer.id}/key-auth/3080e50f-2a9e-4d3c-a14a-f9a8899a3877`,
      "keyauth_credentials",
      {
        consumer,
        id: "3080e50f-2a9e-4d3c-a14a-f9a8899a3877",
        key: "k1",
      },
    ],
    [`/consumers/${consumer.id}/jwt/ef831916-8163-42a9-b15d-16eb7368dae9`, "jwt_secrets", {
      consumer,
      id: "ef831916-8163-42a9-b15d-16eb7368dae9",
      algorithm: "HS256",
      key: "j1",
      secret: "s1",
    }],
    [`/consumers/${consumer.id}/acls/e89911a5-cc8b-419f-b3a0-39af271ffe57`, "acls", {
      consumer,
      id: "e89911a5-cc8b-419f-b3a0-39af271ffe57",
      group: "g",
    }],
    [`/routes/${route.id}`, "routes", {
      ...route,
      name: "pay",
      methods: ["POST"],
      paths: ["/payments"],
      service,
    }],
    [`/upstreams/${upstream.id}/targets/e1a16205-1614-425e-8c25-900ee47c6ea4`, "targets", {
      id: "e1a16205-1614-425e-8c25-900ee47c6ea4",
      target: "10.0.0.2:443",
      upstream,
    }],
    ["/plugins/d553708f-6e13-4632-9a15-77de6eeac7e3", "plugins/rate-limiting", {
      id: "d553708f-6e13-4632-9a15-77de6eeac7e3",
      name: "rate-limiting",
      consumer: { id: consumer.id },
      config: { minute: 5 },
    }],
  ];

interface Field {
  readonly type: string;
  readonly default?: unknown;
  readonly fields?: readonly Record<string, Field>[];
}

/** As decK fills a file's entity before it compares it with the gateway's. */
function filled(given: unknown, fields: readonly Record<string, Field>[]): unknown {
  const own = { ...given as Record<string, unknown> };
  for (const [name, field] of fields.flatMap((entry) => Object.entries(entry))) {
    if (field.type === "record") own[name] = filled(own[name], field.fields ?? []);
    else own[name] ??= field.default ?? null;
  }
  return own;
}

/** What is compared: no times, and of a reference its id alone. */
function comparable(entity: Record<string, unknown>): unknown {
  const { created_at: _created, updated_at: _updated, ...fields } = entity;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const { id } = (value ?? {}) as { readonly id?: string };
      return [name, typeof value === "object" && id ? { id } : value];
    }),
  );
}

function anAdmin() {
  const { admin } = fakeGateway({ yaml: '_format_version: "3.0"\n' });
  return async (method: string, path: string, body?: object) => {
    const response = await admin(method, path, body);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
  };
}

Deno.test("decK finds what it asks for, and is told plainly what there is not", async () => {
  const ask = anAdmin();
  for (const [path, status] of dumped) equal((await ask("GET", path)).status, status, path);
  const root = await ask("GET", "/");
  equal(/^3\.\d+\.\d+$/.test(root.body.version), true);
  equal(/^kong\/3\./.test(root.headers.get("server") ?? ""), true);
  equal("offset" in (await ask("GET", "/services?size=1000")).body, false);
});

Deno.test("what decK puts is there as it was sent, with the schema's own defaults: its next diff is empty", async () => {
  const ask = anAdmin();
  for (const [path, schema, body] of synced) {
    const put = await ask("PUT", path, body);
    equal(put.status, 200, `${path}: ${JSON.stringify(put.body)}`);
    const { body: { fields } } = await ask("GET", `/schemas/${schema}`);
    const wanted = filled(body, fields) as Record<string, unknown>;
    deepEqual(
      comparable(put.body),
      comparable({ ...wanted, ...pluginFields(schema, put.body) }),
      path,
    );
    deepEqual((await ask("GET", path)).body, put.body);
  }
  for (const [path] of synced.toReversed()) equal((await ask("DELETE", path)).status, 204, path);
  equal((await ask("GET", "/plugins?size=1000")).body.data.length, 0);
});

/** Kong's schema of a plugin leaves out what every plugin has. */
function pluginFields(schema: string, body: Record<string, unknown>): Record<string, unknown> {
  if (!schema.startsWith("plugins/")) return {};
  const { enabled, instance_name, tags } = body;
  return { enabled, instance_name, tags };
}
