import { deepEqual, equal, rejects } from "node:assert/strict";
import { FileStateStore, MemoryStateStore } from "gateway/adapters";
import { emptyState } from "gateway/entities";
import { stateStoreContract } from "./state_store_contract.ts";

const folders: string[] = [];
Deno.test.afterAll(async () => {
  for (const folder of folders) await Deno.remove(folder, { recursive: true });
});

async function aFolder(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "sallyport_" });
  folders.push(folder);
  return folder;
}

stateStoreContract("MemoryStateStore", () => {
  const store = new MemoryStateStore();
  return Promise.resolve({ store, reopen: () => Promise.resolve(store) });
});

stateStoreContract("FileStateStore", async () => {
  const path = `${await aFolder()}/gateway/configuration.json`;
  const reopen = () => Promise.resolve(new FileStateStore(path));
  return { store: await reopen(), reopen };
});

Deno.test("FileStateStore lets nobody else read it, and leaves no half-written file", async () => {
  const folder = await aFolder();
  const store = new FileStateStore(`${folder}/configuration.json`);
  await store.save({ state: emptyState, base: "base" });
  equal((await Deno.stat(`${folder}/configuration.json`)).mode! & 0o777, 0o600);
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  deepEqual(names, ["configuration.json"]);
  const unwritable = new FileStateStore("/proc/none/configuration.json");
  await rejects(unwritable.save({ state: emptyState, base: "base" }));
});
