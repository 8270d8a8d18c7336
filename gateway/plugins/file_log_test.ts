import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { MetricsRegistry, printMetrics, silentLogger } from "platform/telemetry";
import { LogSinks } from "../log_sinks.ts";
import { fakeGateway } from "../testing/fake_gateway.ts";

const nowMs = Date.parse("2026-01-02T03:04:05.000Z");

function sinksIn(dir: string | undefined, metrics = new MetricsRegistry()): LogSinks {
  return new LogSinks({ dir, fetch, metrics, log: silentLogger });
}

function gatewayOf(path: string, logs: LogSinks, config = "") {
  return fakeGateway({
    logs,
    yaml: `
_format_version: "3.0"
consumers: [{ username: partner, keyauth_credentials: [{ key: key-of-partner }] }]
plugins:
  - { name: correlation-id, config: { header_name: X-Request-Id, generator: uuid } }
  - { name: file-log, config: { path: ${JSON.stringify(path)}${config} } }
services:
  - name: orders
    url: https://orders
    routes:
      - name: a
        paths: [/a]
        tags: [public]
        plugins: [{ name: key-auth, config: { key_names: [x-partner] } }]
`,
    service: () =>
      new Response("{}", { headers: { "set-cookie": "session=hunter2", "content-length": "2" } }),
  });
}

async function linesOf(path: string) {
  const text = await Deno.readTextFile(path);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** A folder of its own, gone at the end. */
async function aFolder() {
  const dir = await Deno.makeTempDir();
  return { dir, [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }) };
}

Deno.test("file-log writes a line of Kong's shape for every request, refusals too", async () => {
  await using folder = await aFolder();
  const path = `${folder.dir}/access.log`;
  {
    await using logs = sinksIn(folder.dir);
    const { ask } = gatewayOf(path, logs);
    await ask("/a?code=hunter2", {
      method: "POST",
      body: "four",
      headers: { "x-partner": "key-of-partner", "content-length": "4" },
    });
    await ask("/nowhere");
  }
  const [known, unknown] = await linesOf(path);
  const { request, response, latencies, route, service, consumer } = known;
  deepEqual([request.method, request.uri, request.size], ["POST", "/a", 4]);
  equal(request.url, "https://edge.example:8443/a");
  equal(request.id, "11111111-1111-4111-8111-111111111111");
  deepEqual([response.status, response.size], [200, 2]);
  deepEqual(Object.keys(latencies), ["request", "kong", "proxy"]);
  deepEqual([route.name, service.name, consumer.username], ["a", "orders", "partner"]);
  equal(known.authenticated_entity.consumer_id, consumer.id);
  equal(known.client_ip, "192.0.2.1");
  const startedMs = known.started_at;
  ok(startedMs <= nowMs && startedMs > nowMs - 60_000, String(startedMs));
  deepEqual([known.source, unknown.source], ["upstream", "exit"]);
  deepEqual([unknown.response.status, unknown.route], [404, undefined]);
});

Deno.test("file-log shows no secret: no token, no cookie, no key, and nothing of a query", async () => {
  await using folder = await aFolder();
  const path = `${folder.dir}/access.log`;
  {
    await using logs = sinksIn(folder.dir);
    const { ask } = gatewayOf(path, logs);
    const headers = {
      authorization: "Bearer hunter2",
      cookie: "a=hunter2",
      "x-partner": "hunter2",
      "x-api-key": "hunter2",
      "client-cert": "hunter2",
      accept: "text/plain",
    };
    await ask("/a?code=hunter2&x-partner=hunter2", { headers });
    await ask("/a", { headers: { "x-partner": "key-of-partner" } });
  }
  const text = await Deno.readTextFile(path);
  equal(/hunter2|key-of-partner/.test(text), false, text);
  const [{ request }] = await linesOf(path);
  deepEqual(request.querystring, { code: "REDACTED", "x-partner": "REDACTED" });
  equal(request.headers.accept, "text/plain");
  equal(request.headers.authorization, "REDACTED");
});

Deno.test("file-log writes below its directory, and nowhere else", async () => {
  await using folder = await aFolder();
  await using outside = await aFolder();
  const { dir } = folder;
  await using logs = sinksIn(dir);
  await using none = sinksIn(undefined);
  const odd = [
    "/tmp/access.log",
    "access.log",
    dir,
    `${dir}/`,
    `${dir}/../access.log`,
    `${dir}/./access.log`,
    `${dir}//access.log`,
    `${dir}-other/access.log`,
    `${dir}/a\0b`,
  ];
  for (const path of odd) {
    throws(() => gatewayOf(path, logs), /not a path below the directory for logs/, path);
  }
  throws(() => gatewayOf(`${dir}/access.log`, none), /GATEWAY_LOG_DIR names no directory/);
  throws(() => gatewayOf(`${dir}/a.log`, logs, ", custom_fields_by_lua: { a: return 1 }"), /Lua/);

  await Deno.writeTextFile(`${outside.dir}/target.log`, "untouched");
  await Deno.symlink(outside.dir, `${dir}/link`);
  await Deno.symlink(`${outside.dir}/target.log`, `${dir}/file.log`);
  const metrics = new MetricsRegistry();
  {
    await using linked = sinksIn(dir, metrics);
    for (const path of [`${dir}/link/access.log`, `${dir}/file.log`]) {
      await gatewayOf(path, linked).ask("/a");
    }
  }
  const left = await Array.fromAsync(Deno.readDir(outside.dir));
  deepEqual(left.map(({ name }) => name), ["target.log"]);
  equal(await Deno.readTextFile(`${outside.dir}/target.log`), "untouched");
  match(printMetrics(metrics, "prometheus"), /dropped_total\{sink="file"\} 2/);
});

Deno.test("file-log goes on in the same file when the configuration changes, or in a new one when told to", async () => {
  await using folder = await aFolder();
  const path = `${folder.dir}/access.log`;
  await using logs = sinksIn(folder.dir);
  await gatewayOf(path, logs).ask("/a");
  await gatewayOf(path, logs).ask("/a");
  await logs[Symbol.asyncDispose]();
  equal((await linesOf(path)).length, 2);
  await Deno.rename(path, `${path}.1`);
  const reopening = gatewayOf(path, logs, ", reopen: true");
  await reopening.ask("/a");
  await logs[Symbol.asyncDispose]();
  equal((await linesOf(path)).length, 1);
});
