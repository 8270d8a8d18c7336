import { DynamodbOutbox } from "@services/payment/adapters/dynamodb";
import { type DynamodbScene, sharedDynamodb } from "../fixtures/dynamodb.ts";
import { eventSendingContract, type SendingEnds } from "./event_delivery_contract.ts";

const dynamodb = sharedDynamodb();
const now = () => new Date();
const newId = () => crypto.randomUUID();
let stampMs = Date.now();

async function openEnd(): Promise<SendingEnds> {
  const scene = await dynamodb!();
  return endIn(scene, await scene.createTable());
}

function endIn(scene: DynamodbScene, name: string): SendingEnds {
  const opened = scene.table(name);
  const outbox = new DynamodbOutbox({ table: opened.table, source: "test", now, newId });
  return {
    outbox,
    async commit(happening, fails = false) {
      // The other write of the transaction is the change that the event tells of: it cannot be made.
      const change = { put: { pk: "CHANGE", sk: newId() }, condition: "attribute_exists(pk)" };
      const writes = [outbox.put(happening, stampMs++), ...fails ? [change] : []];
      if (await outbox.commit(writes)) throw new Error("Cannot commit");
    },
    // The crashed one is not closed first: nobody tidies up after a kill.
    restarted: () => Promise.resolve(endIn(scene, name)),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

eventSendingContract("DynamoDB outbox", dynamodb && openEnd);
