import { deepEqual, equal, rejects } from "node:assert/strict";
import { silentLogger } from "platform/telemetry";
import { insert, type State, Violation } from "./entities/mod.ts";
import { type GatewayConfig, parseGatewayConfig } from "./gateway_config.ts";
import { LiveApp } from "./live_app.ts";
import { LiveGateway } from "./live_gateway.ts";

const empty = parseGatewayConfig('_format_version: "3.0"\n', "gateway.yaml");
const tools = {
  now: () => new Date("2026-01-02T03:04:05.000Z"),
  newId: () => crypto.randomUUID(),
  newSecret: () => crypto.randomUUID(),
};
const addService = (name: string) => (state: State) =>
  insert(state, "services", { name, url: `https://${name}` }, tools);

/** An edge that answers with the names of its services. */
function open({ state }: GatewayConfig) {
  const names = [...state.services.values()].map(({ name }) => name);
  return { fetch: () => Promise.resolve(Response.json(names)) };
}

function aLiveGateway(save: (state: State) => Promise<void> = () => Promise.resolve()) {
  const app = new LiveApp({ config: empty, open });
  const live = new LiveGateway({ config: empty, edges: app, save, log: silentLogger });
  const served = async () => await (await app.fetch(new Request("https://edge/"))).json();
  return { live, served };
}

Deno.test("A change holds when it is answered, and one that cannot be kept does not hold", async () => {
  let isFull = false;
  const { live, served } = aLiveGateway(() =>
    isFull ? Promise.reject(new Error("Disk full")) : Promise.resolve()
  );
  await live.change(addService("a"));
  deepEqual(await served(), ["a"]);
  isFull = true;
  await rejects(live.change(addService("b")), /Disk full/);
  deepEqual(await served(), ["a"]);
  equal(live.state.services.size, 1);
  isFull = false;
  await live.change(addService("c"));
  deepEqual(await served(), ["a", "c"]);
});

Deno.test("Changes at the same time are made one after the other, and none is lost", async () => {
  const { live } = aLiveGateway();
  const names = Array.from({ length: 20 }, (_, at) => `s${at}`);
  await Promise.all(names.map((name) => live.change(addService(name))));
  deepEqual([...live.state.services.values()].map(({ name }) => name), names);
});

Deno.test("A change that contradicts itself changes nothing", async () => {
  const saved: State[] = [];
  const { live } = aLiveGateway((state) => Promise.resolve(void saved.push(state)));
  const publicAcl = (state: State) => {
    const route = insert(state, "routes", { paths: ["/a"], tags: ["public"] }, tools);
    const given = { name: "acl", route: route.entity.id, config: { allow: ["admin"] } };
    return insert(route.state, "plugins", given, tools);
  };
  await rejects(live.change(publicAcl), Violation);
  equal(live.state, empty.state);
  deepEqual(saved, []);
});

Deno.test("what was made ready for a change that cannot be kept is abandoned, and what is kept is put in force", async () => {
  const done: string[] = [];
  const edges = {
    prepare: () => ({
      commit: () => void done.push("commit"),
      abandon: () => void done.push("abandon"),
    }),
  };
  const saves = [() => Promise.reject(new Error("Disk full")), () => Promise.resolve()];
  const save = () => saves.shift()!().finally(() => void done.push("save"));
  const live = new LiveGateway({ config: empty, edges, save, log: silentLogger });
  await rejects(live.change(addService("a")), /Disk full/);
  await live.change(addService("a"));
  deepEqual(done, ["save", "abandon", "save", "commit"]);
});
