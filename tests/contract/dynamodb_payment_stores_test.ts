import { TestKeyRing } from "platform/crypto/testing";
import { sharedDynamodb } from "../fixtures/dynamodb.ts";
import { sealedWork } from "../fixtures/sealed_work.ts";
import { takingTurns } from "../fixtures/taking_turns.ts";
import { idempotencyStoreContract } from "./idempotency_store_contract.ts";
import { paymentStoresContract } from "./payment_stores_contract.ts";
import { resealingContract } from "./resealing_contract.ts";

const dynamodb = sharedDynamodb();

async function openEmpty(ring = new TestKeyRing()) {
  const scene = await dynamodb!();
  return await scene.open(await scene.createTable(), { ring });
}

paymentStoresContract("DynamoDB payment stores", dynamodb && (() => openEmpty()));
idempotencyStoreContract(
  "DynamodbIdempotencyStore",
  dynamodb && (async () => (await openEmpty()).idempotency),
);

resealingContract(
  "DynamoDB payments",
  dynamodb && (async () => {
    const ring = new TestKeyRing();
    return sealedWork(await openEmpty(ring), ring);
  }),
);

/** As two replicas of the program have them. */
resealingContract(
  "DynamoDB payments of two processes",
  dynamodb && (async () => {
    const scene = await dynamodb!();
    const table = await scene.createTable();
    const ring = new TestKeyRing();
    await using opening = new AsyncDisposableStack();
    const one = opening.use(await scene.open(table, { ring }));
    const other = opening.use(await scene.open(table, { ring }));
    const opened = opening.move();
    return sealedWork({
      ...one,
      payments: takingTurns(one.payments, other.payments),
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    }, ring);
  }),
);
