import { openStores, type Stores } from "@services/orders/adapters";
import { ciphersOf } from "@services/orders/ciphers";
import { TestKeyRing } from "platform/crypto/testing";
import type { PostgresConfig } from "platform/postgres";
import { openPostgresScene } from "../fixtures/postgres.ts";
import { takingTurns } from "../fixtures/taking_turns.ts";
import { sealedSagas } from "../fixtures/sealed_sagas.ts";
import { ordersStoresContract } from "./orders_stores_contract.ts";
import { resealingContract } from "./resealing_contract.ts";

const postgres = await openPostgresScene();
/** What several processes share. */
const sharedRing = new TestKeyRing();
Deno.test.afterAll(async () => await postgres?.[Symbol.asyncDispose]());

function openOn(config: PostgresConfig, ring = sharedRing): Promise<Stores> {
  const stores = { kind: "postgres", postgres: config } as const;
  return openStores(stores, {
    identity: postgres!.identity,
    ciphers: ciphersOf(ring),
  });
}

ordersStoresContract(
  "PostgreSQL orders stores",
  postgres && (async () => await openOn(await postgres.database())),
);

/** As two replicas of the program have them. */
async function openTwice(): Promise<Stores> {
  await using opening = new AsyncDisposableStack();
  const config = await postgres!.database();
  const one = opening.use(await openOn(config));
  const other = opening.use(await openOn(config));
  const opened = opening.move();
  return {
    ...one,
    orders: takingTurns(one.orders, other.orders),
    products: takingTurns(one.products, other.products),
    sagas: takingTurns(one.sagas, other.sagas),
    paymentEvents: takingTurns(one.paymentEvents, other.paymentEvents),
    outbox: takingTurns(one.outbox, other.outbox),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

ordersStoresContract("PostgreSQL orders stores of two processes", postgres && openTwice);

resealingContract(
  "PostgreSQL sagas",
  postgres && (async () => {
    const ring = new TestKeyRing();
    return sealedSagas(await openOn(await postgres.database(), ring), ring);
  }),
);
