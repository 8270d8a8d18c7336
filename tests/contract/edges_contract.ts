import { deepEqual, equal, rejects } from "node:assert/strict";
import { Violation } from "gateway/entities";
import { type GatewayConfig, parseGatewayConfig } from "gateway/configuration";
import type { Edges } from "gateway/live";
import { printMetrics } from "platform/telemetry";

/** Edges that have begun by some configuration, and each of their threads by itself. */
export interface EdgesScene extends AsyncDisposable {
  readonly edges: Edges;
  readonly threads: number;
  /** Asks every thread. @returns its answers' statuses. */
  ask(path: string): Promise<number[]>;
  /** Has the last thread alone find the servers of an upstream unwell. */
  findUnwell(upstreamId: string): void;
}

/** A public route at `path`, through an upstream of one target. */
export function configAt(path: string, plugins = "[]"): GatewayConfig {
  return parseGatewayConfig(
    `
_format_version: "3.0"
plugins: ${plugins}
upstreams:
  - name: pool
    healthchecks: { passive: { unhealthy: { http_failures: 1 } } }
    targets: [{ target: "10.0.0.1:443" }]
services:
  - name: a
    url: https://pool
    routes: [{ name: a, paths: [${path}], tags: [public] }]
`,
    "gateway.yaml",
  );
}

const counting = "[{ name: prometheus, config: { status_code_metrics: true } }]";

/** What every Edges must do. `open` gives one that goes by a configuration. */
export function edgesContract(
  adapter: string,
  open: (config: GatewayConfig) => Promise<EdgesScene>,
): void {
  function test(promise: string, check: (scene: EdgesScene) => Promise<void>): void {
    Deno.test(`${adapter} ${promise}`, async () => {
      await using scene = await open(configAt("/one", counting));
      await check(scene);
    });
  }
  const everywhere = <Value>({ threads }: EdgesScene, value: Value) => Array(threads).fill(value);

  test("put a configuration in force in every thread, and in none before", async (scene) => {
    const prepared = await scene.edges.prepare(configAt("/two"));
    deepEqual(await scene.ask("/one"), everywhere(scene, 200));
    deepEqual(await scene.ask("/two"), everywhere(scene, 404));
    await prepared.commit();
    deepEqual(await scene.ask("/one"), everywhere(scene, 404));
    deepEqual(await scene.ask("/two"), everywhere(scene, 200));
  });

  test("forget a configuration that is abandoned, and take the next one", async (scene) => {
    await (await scene.edges.prepare(configAt("/two"))).abandon();
    deepEqual(await scene.ask("/one"), everywhere(scene, 200));
    await (await scene.edges.prepare(configAt("/three"))).commit();
    deepEqual(await scene.ask("/three"), everywhere(scene, 200));
  });

  test("refuse what cannot be opened as what it is, and go on as before", async (scene) => {
    const nowhere = configAt("/two", "[{ name: file-log, config: { path: /nowhere.log } }]");
    await rejects(async () => await scene.edges.prepare(nowhere), (thrown) => {
      const { code, fields } = thrown as Violation;
      deepEqual([thrown instanceof Violation, code], [true, 2]);
      deepEqual(Object.keys(fields), ["config"]);
      return true;
    });
    deepEqual(await scene.ask("/one"), everywhere(scene, 200));
    await (await scene.edges.prepare(configAt("/three"))).commit();
    deepEqual(await scene.ask("/three"), everywhere(scene, 200));
  });

  test("count the requests of all threads", async (scene) => {
    for (let n = 1; n <= 3; n++) await scene.ask("/one");
    deepEqual(await scene.edges.counts(), { requests: 3 * scene.threads, inFlight: 0 });
  });

  test("add the figures of all threads up", async (scene) => {
    for (let n = 1; n <= 3; n++) await scene.ask("/one");
    const text = printMetrics(await scene.edges.figures(), "prometheus");
    const [, count] = /^kong_http_requests_total\{.*code="200".*\} (\d+)$/m.exec(text) ?? [text];
    equal(Number(count), 3 * scene.threads);
  });

  test("take an operator's word on a target in every thread", async (scene) => {
    const { state } = configAt("/one");
    const [target] = state.targets.values();
    const health = async () => (await scene.edges.healthOf(target!.upstream.id))![0]!.health;
    equal(await health(), "HEALTHY");
    equal(await scene.edges.setHealth(target!, false), true);
    equal(await health(), "UNHEALTHY");
    deepEqual(await scene.ask("/one"), everywhere(scene, 503));
    equal(await scene.edges.setHealth(target!, true), true);
    deepEqual(await scene.ask("/one"), everywhere(scene, 200));
  });

  test("call a target unwell when one thread does", async (scene) => {
    const [id = ""] = configAt("/one").state.upstreams.keys();
    scene.findUnwell(id);
    equal((await scene.edges.healthOf(id))![0]!.health, "UNHEALTHY");
  });

  test("know nothing of an upstream or a target that is not in force", async (scene) => {
    const [target] = configAt("/one").state.targets.values();
    const stranger = { ...target!, target: "10.9.9.9:443" };
    equal(await scene.edges.healthOf(crypto.randomUUID()), undefined);
    equal(await scene.edges.setHealth(stranger, false), false);
  });
}
