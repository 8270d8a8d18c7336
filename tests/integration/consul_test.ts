import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { passes, testWithConsul as test } from "../fixtures/consul_scene.ts";
import { eventually } from "../fixtures/eventually.ts";
import { within } from "../security/tls_fixture.ts";

/** Who answers each of `count` calls, or why nobody does. */
async function answers(call: typeof fetch, count: number, method = "POST"): Promise<string[]> {
  const said: string[] = [];
  for (let made = 0; made < count; made++) {
    said.push(
      await call("https://payment/x", { method }).then((r) => r.text(), ({ message }) => message),
    );
  }
  return said;
}

test("An instance registers, passes a check by Consul's own certificate, and is called; two share the calls", async (scene) => {
  const call = await scene.callPayment();
  await rejects(call("https://payment/x"), /no instance of it is known/);
  const first = await scene.payment();
  await passes(scene, first);
  const second = await scene.payment();
  await passes(scene, first, second);
  await eventually("both are called", async () => new Set(await answers(call, 2)).size === 2);
  const said = await answers(call, 10);
  deepEqual(said.filter((port) => port === String(first.port)).length, 5);
  deepEqual(said.filter((port) => port === String(second.port)).length, 5);
});

test("An instance that drains leaves the catalog before its port closes, and its callers within a second", async (scene) => {
  const discovery = await scene.discovery("orders");
  const [staying, leaving] = [await scene.payment(), await scene.payment()];
  await passes(scene, staying, leaving);
  const instances = discovery.watch("payment")!;
  await eventually("both are known", () => instances.origins.length === 2);
  const call = await scene.callPayment();
  await eventually("both are called", async () => new Set(await answers(call, 2)).size === 2);

  const order: string[] = [];
  const watching = eventually("it is gone", () => instances.origins.length === 1, { everyMs: 5 })
    .then(() => order.push("callers know"));
  const startedMs = performance.now();
  const draining = leaving.drain().then(() => order.push("port closed"));
  await watching;
  const tookMs = performance.now() - startedMs;
  ok(tookMs < 1_000, `took ${tookMs} ms`);
  await draining;
  deepEqual(instances.origins, [`https://127.0.0.1:${staying.port}`]);
  equal((await scene.operator.states("payment")).has(leaving.port), false);
  deepEqual(new Set(await answers(call, 4)), new Set([String(staying.port)]));
});

test("Calls go on without a fault while an instance drains, those too that must not be repeated", async (scene) => {
  const [staying, leaving] = [await scene.payment(), await scene.payment()];
  await passes(scene, staying, leaving);
  const call = await scene.callPayment();
  await eventually("both are called", async () => new Set(await answers(call, 2)).size === 2);
  let isDrained = false;
  const draining = leaving.drain().then(() => void (isDrained = true));
  const callers = Array.from({ length: 4 }, async () => {
    const said: string[] = [];
    while (!isDrained) said.push(...await answers(call, 5));
    return said;
  });
  await draining;
  const said = (await Promise.all(callers)).flat();
  ok(said.length > 0);
  deepEqual(new Set(said), new Set([String(staying.port), String(leaving.port)]));
});

test("An instance that was killed becomes critical; calls that are safe to repeat move on at once, the others then", async (scene) => {
  const [living, killed] = [await scene.payment(), await scene.payment()];
  await passes(scene, living, killed);
  const call = await scene.callPayment();
  await eventually("both are called", async () => new Set(await answers(call, 2)).size === 2);
  await killed.crash();
  const alive = new Set([String(living.port)]);
  // A POST that goes out on a connection just being cut may have been heard: that one is not repeated.
  deepEqual(new Set(await answers(call, 10, "GET")), alive);
  deepEqual(new Set(await answers(call, 10)), alive);
  await eventually(
    "Consul has noticed",
    async () => (await scene.operator.states("payment")).get(killed.port) === "critical",
  );
  const origins = (await scene.discovery("orders")).watch("payment")!;
  await eventually("new callers learn of it", () => origins.origins.length > 0);
  deepEqual(origins.origins, [`https://127.0.0.1:${living.port}`]);
});

test("While Consul is away, calls go on; when it comes back without its memory, programs register again", async (scene) => {
  const { consul, servers } = scene;
  const only = await scene.payment();
  await passes(scene, only);
  const call = await scene.callPayment();
  await eventually("it is called", async () => (await answers(call, 1))[0] === String(only.port));
  await consul.kill();
  await eventually(
    "its absence is noticed",
    () => scene.lines.some((line) => line.includes("Cannot follow instances")),
  );
  deepEqual(new Set(await answers(call, 5)), new Set([String(only.port)]));

  const dir = `${servers.dir}/consul_${consul.port}`;
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    if (isDirectory) await Deno.remove(`${dir}/${name}`, { recursive: true });
  }
  await consul.start();
  const answering = answers(call, 20);
  await passes(scene, only);
  deepEqual(new Set(await answering), new Set([String(only.port)]));
  // The index of a Consul that begins anew is smaller: changes must be seen all the same.
  const second = await scene.payment();
  await eventually(
    "the second is called too",
    async () => (await answers(call, 2)).includes(String(second.port)),
  );
});

test("A Consul that answers nothing holds nobody up: calls go on, and a drain ends", async (scene) => {
  const [staying, leaving] = [await scene.payment(), await scene.payment()];
  await passes(scene, staying, leaving);
  const call = await scene.callPayment();
  await eventually("both are called", async () => new Set(await answers(call, 2)).size === 2);
  await scene.consul.pause();
  try {
    // Consul's answer is waited for no longer than 3 s, and the drain itself takes 1 s at most.
    await within(8_000, leaving.drain());
    ok(scene.lines.some((line) => line.includes("Cannot deregister from Consul")));
    deepEqual(new Set(await answers(call, 6, "GET")), new Set([String(staying.port)]));
  } finally {
    await scene.consul.resume();
  }
});
