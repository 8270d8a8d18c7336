import { deepEqual, equal } from "node:assert/strict";
import { emptyState, insert, type State } from "gateway/entities";
import type { StateStore } from "gateway/ports";

const tools = {
  now: () => new Date("2026-01-02T03:04:05.000Z"),
  newId: () => crypto.randomUUID(),
  newSecret: () => crypto.randomUUID(),
};

function aState(name: string): State {
  const { state } = insert(
    emptyState,
    "services",
    { name, url: "https://orders:3000/base" },
    tools,
  );
  const consumer = insert(state, "consumers", { username: "ann", tags: ["x"] }, tools);
  return insert(consumer.state, "jwt_secrets", { consumer: "ann" }, tools).state;
}

/** What every StateStore must do. `open` gives an empty one; `reopen` the same after a new start. */
export function stateStoreContract(
  adapter: string,
  open: () => Promise<{ readonly store: StateStore; reopen(): Promise<StateStore> }>,
): void {
  Deno.test(`${adapter} gives nothing back before something was kept`, async () => {
    const { store } = await open();
    equal(await store.load("base"), undefined);
  });

  Deno.test(`${adapter} gives a state back as it was, order and secrets included, to the next start too`, async () => {
    const { store, reopen } = await open();
    const state = aState("orders");
    await store.save({ state: aState("before"), base: "base" });
    await store.save({ state, base: "base" });
    deepEqual(await store.load("base"), state);
    deepEqual(await (await reopen()).load("base"), state);
  });

  Deno.test(`${adapter} keeps nothing that was made from another file`, async () => {
    const { store } = await open();
    await store.save({ state: aState("orders"), base: "base" });
    equal(await store.load("another"), undefined);
  });
}
