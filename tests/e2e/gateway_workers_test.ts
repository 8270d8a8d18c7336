import { deepEqual, equal, ok } from "node:assert/strict";
import { ensureCertificates } from "certs/store";
import { defaultServerLimits } from "platform/tls";
import { freePorts, type Program, programsOf, startChild } from "tools/platform";
import { askAs } from "../fixtures/ask_as.ts";
import { eventually } from "../fixtures/eventually.ts";
import { openWorkerGateway, type WorkerGateway } from "../fixtures/worker_gateway.ts";

const bothWorkers = [1, 2];

/** Asks the same on so many connections at once, each of its own. */
function askedBy(connections: number, { ask }: WorkerGateway, path = "/open"): Promise<number[]> {
  return Promise.all(Array.from({ length: connections }, () => ask(path)));
}

function tally(statuses: readonly (number | string)[]): Record<string, number> {
  const groups = Map.groupBy(statuses, String);
  return Object.fromEntries([...groups].map(([status, { length }]) => [status, length]));
}

/** Asks again and again, on connections that are kept and on others, until it is ended. */
function steadyLoad({ ask, client, platform }: WorkerGateway, path: string) {
  const seen: (number | string)[] = [];
  const stopping = new AbortController();
  const repeat = async (act: () => Promise<number>) => {
    while (!stopping.signal.aborted) seen.push(await act().catch(String));
  };
  const kept = Array.from({ length: 6 }, async () => {
    using own = client();
    await repeat(async () => {
      const answer = await fetch(`${platform.credentials.edgeUrl}${path}`, { client: own });
      await answer.body?.cancel();
      return answer.status;
    });
  });
  const working = [...kept, repeat(() => ask(path)), repeat(() => ask(path))];
  const end = async () => {
    stopping.abort();
    await Promise.all(working);
    return seen;
  };
  return { end, [Symbol.asyncDispose]: async () => void await end() };
}

Deno.test("what the Admin API changes under load holds in both workers when it is answered, outlives a kill, and loses no request", async () => {
  await using gateway = await openWorkerGateway();
  await using load = steadyLoad(gateway, "/open");
  for (let round = 1; round <= 5; round++) {
    const path = `/round-${round}`;
    await gateway.admin("POST", "/services/orders/routes", {
      name: `round-${round}`,
      paths: [path],
      tags: ["public"],
    });
    deepEqual(tally(await askedBy(12, gateway, path)), { 200: 12 });
    await gateway.admin("DELETE", `/routes/round-${round}`, undefined, 204);
    deepEqual(tally(await askedBy(12, gateway, path)), { 404: 12 });
  }
  await gateway.admin("PATCH", "/routes/open", { paths: ["/open", "/kept"] });
  const seen = await load.end();
  ok(seen.length > 100, `${seen.length} requests`);
  deepEqual(Object.keys(tally(seen)), ["200"]);
  deepEqual(gateway.threads(), bothWorkers);

  gateway.platform.supervisor.kill("gateway");
  await eventually("the gateway is back", () => gateway.ask("/kept").catch(() => false));
  deepEqual(tally(await askedBy(12, gateway, "/kept")), { 200: 12 });
});

Deno.test("a change of the configuration file comes in force in both workers, and a bad one in none", async () => {
  await using gateway = await openWorkerGateway();
  const file = `${gateway.dir}/gateway.yaml`;
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, text.replace("[/open]", "[/other]"));
  await gateway.says("Configuration replaced");
  deepEqual(tally(await askedBy(12, gateway, "/other")), { 200: 12 });
  await Deno.writeTextFile(file, `${text}routs: []\n`);
  await gateway.says("Cannot take new configuration: the old stays in force");
  deepEqual(tally(await askedBy(12, gateway, "/other")), { 200: 12 });
  deepEqual(gateway.threads(), bothWorkers);
});

Deno.test("two workers are one node to those who ask it, limit it and operate it", async (t) => {
  await using gateway = await openWorkerGateway();
  await t.step("figures and counts are those of both together", () => figures(gateway));
  await t.step("an operator's word on a target holds in both", () => operatorsWord(gateway));
  await t.step("a local limit of 5 lets 5 through, whichever they come to", () => limit(gateway));
  await t.step("a network has no more connections to both than to one", () => connections(gateway));
  deepEqual(gateway.threads(), bothWorkers);
});

async function figures(gateway: WorkerGateway): Promise<void> {
  const { dir, ports } = gateway;
  const config = { "status_code_metrics": true };
  await gateway.admin("POST", "/plugins", { name: "prometheus", config });
  await askedBy(24, gateway);
  deepEqual(gateway.threads(), bothWorkers);
  await ensureCertificates(`${dir}/tls`, ["prometheus"], new Date());
  const url = `https://localhost:${ports.gatewayAdminTls}/metrics`;
  const { status, text } = await askAs(dir, "prometheus", url);
  equal(status, 200);
  const [, count] = /^kong_http_requests_total\{.*route="open".*\} (\d+)$/m.exec(text) ?? [text];
  equal(count, "24");
  const { server } = await gateway.admin("GET", "/status") as {
    readonly server: Readonly<Record<string, number>>;
  };
  equal(server["total_requests"], 24);
}

async function operatorsWord(gateway: WorkerGateway): Promise<void> {
  const target = `localhost:${gateway.ports.orders}`;
  const healthchecks = { passive: { unhealthy: { "http_failures": 3 } } };
  await gateway.admin("POST", "/upstreams", { name: "pool", healthchecks });
  await gateway.admin("POST", "/upstreams/pool/targets", { target });
  await gateway.admin("PATCH", "/services/orders", { host: "pool", tags: ["spiffe:orders"] });
  deepEqual(tally(await askedBy(12, gateway)), { 200: 12 });
  const path = `/upstreams/pool/targets/${target}`;
  await gateway.admin("PUT", `${path}/unhealthy`, undefined, 204);
  deepEqual(tally(await askedBy(12, gateway)), { 503: 12 });
  const { data } = await gateway.admin("GET", "/upstreams/pool/health") as {
    readonly data: readonly { readonly health: string }[];
  };
  deepEqual(data.map(({ health }) => health), ["UNHEALTHY"]);
  await gateway.admin("PUT", `${path}/healthy`, undefined, 204);
  deepEqual(tally(await askedBy(12, gateway)), { 200: 12 });
}

async function connections({ ports: { gateway: port } }: WorkerGateway): Promise<void> {
  const { connectionsPerNetworkMax: max } = defaultServerLimits;
  const [beyond, sharesApart] = [200, 150];
  let closed = 0;
  const all = await Promise.all(Array.from({ length: max + beyond }, async () => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    // Nobody speaks: what ends is what was not let in.
    void connection.read(new Uint8Array(1)).catch(() => null).then(() => void closed++);
    return connection;
  }));
  await eventually("those beyond the limit are closed", () => closed >= beyond);
  ok(closed <= beyond + sharesApart, `${closed} of ${all.length} were closed`);
  for (const connection of all) connection.close();
}

async function limit(gateway: WorkerGateway): Promise<void> {
  const config = { hour: 5, policy: "local", "limit_by": "ip" };
  await gateway.admin("POST", "/services/orders/plugins", { name: "rate-limiting", config });
  deepEqual(tally(await askedBy(30, gateway)), { 200: 5, 429: 25 });
}

Deno.test("a stop waits for the answers in flight of each worker, and ends well", async () => {
  const held = new Map([1, 2].map((thread) => [`/open/${thread}`, Promise.withResolvers<void>()]));
  let waiting = 0;
  const gateway = await openWorkerGateway(async ({ url }) => {
    const hold = held.get(new URL(url).pathname);
    if (hold) waiting++;
    await hold?.promise;
    return new Response("from the service");
  });
  await using _ = gateway;
  const { edgeUrl } = gateway.platform.credentials;
  const clients = await Promise.all(bothWorkers.map((thread) => clientOf(gateway, thread)));
  const late = clients.map((client, at) => fetch(`${edgeUrl}/open/${at + 1}`, { client }));
  await eventually("both wait for the service", () => waiting === 2);
  const stopped = gateway.platform.supervisor.stop();
  await gateway.says("Program stopping");
  for (const thread of bothWorkers) {
    held.get(`/open/${thread}`)!.resolve();
    equal(await (await late[thread - 1]!).text(), "from the service");
    clients[thread - 1]!.close();
    await eventually(
      "that worker has drained",
      () =>
        gateway.lines.some((line) =>
          line.message === "Worker drained" && line["process.thread.id"] === thread
        ),
    );
  }
  equal(await stopped, true, "every program ended with 0");
});

/** A client whose one connection the system has given to that worker. */
async function clientOf(gateway: WorkerGateway, thread: number): Promise<Deno.HttpClient> {
  for (;;) {
    const client = gateway.client();
    const path = `/open/${crypto.randomUUID()}`;
    const { edgeUrl } = gateway.platform.credentials;
    await (await fetch(`${edgeUrl}${path}`, { client })).body?.cancel();
    const line = await eventually(
      "it is in the log",
      () => gateway.lines.find((line) => line["url.path"] === path),
    );
    if (line["process.thread.id"] === thread) return client;
    client.close();
  }
}

Deno.test("a worker that cannot listen keeps the gateway from starting, and the port is named", async () => {
  const dir = await Deno.makeTempDir({ prefix: "sallyport_" });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => Deno.remove(dir, { recursive: true }));
  const ports = freePorts();
  await ensureCertificates(`${dir}/tls`, ["gateway"], new Date());
  await Deno.writeTextFile(`${dir}/tls/revoked.json`, "[]");
  using _taken = Deno.listen({ hostname: "127.0.0.1", port: ports.gatewayMtls });
  const extraEnv = { gateway: { GATEWAY_WORKERS: "2" } };
  const isGateway = ({ name }: Program) => name === "gateway";
  const program = programsOf({ dir, ports, extraEnv }).find(isGateway)!;
  const lines: string[] = [];
  const { code } = await startChild(program, (line) => void lines.push(line)).ended;
  equal(code, 1);
  const text = lines.join("\n");
  ok(text.includes("Cannot start: a port is in use"), text);
  ok(text.includes(String(ports.gatewayMtls)), text);
});

Deno.test("a worker that dies ends the program with a failure and its last words in the log", async () => {
  const program = new URL("../fixtures/program_with_dying_worker.ts", import.meta.url).pathname;
  const args = ["run", "--quiet", "--no-prompt", "--allow-read", program];
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  equal(code, 1);
  const lines = new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
  const failure = lines.find(({ message }) => message === "Program failed");
  ok(/worker \d has died: .*Out of luck/.test(failure["error.message"]), JSON.stringify(lines));
});
