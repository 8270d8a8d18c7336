import {
  laneOf,
  MongodbAccountSteps,
  MongodbOutbox,
  prepare,
  stepId,
} from "@services/auth/adapters/mongodb";
import { ciphersOf } from "@services/auth/ciphers";
import { TestKeyRing } from "platform/crypto/testing";
import { toCloudEvent } from "platform/events";
import { aDatabase, mongodbForThisFile } from "../fixtures/mongodb_stores.ts";
import { sealedAccounts, sealedArtifacts, sealedMails } from "../fixtures/sealed_accounts.ts";
import { eventSendingContract, type SendingEnds } from "./event_delivery_contract.ts";
import { grantStoreContract } from "./grant_store_contract.ts";
import { mailStoreContract } from "./mail_store_contract.ts";
import { resealingContract } from "./resealing_contract.ts";
import { userStoreContract } from "./user_store_contract.ts";

const mongodb = mongodbForThisFile();
const open = mongodb.ignore ? undefined : () => mongodb.it.open();

userStoreContract("MongodbUserStore", open);
grantStoreContract("MongodbGrantStore", open);
mailStoreContract("MongodbMailStore", open);

const openSealed = (records: typeof sealedAccounts) =>
  mongodb.ignore ? undefined : async () => {
    const ring = new TestKeyRing();
    return records(await mongodb.it.open({ ciphers: ciphersOf(ring) }), ring);
  };
resealingContract("MongodbUserStore", openSealed(sealedAccounts));
resealingContract("MongodbGrantStore", openSealed(sealedArtifacts));
resealingContract("MongodbMailStore", openSealed(sealedMails));

async function openEnds(database: string): Promise<SendingEnds> {
  const link = mongodb.it.link(database);
  await prepare(link);
  const steps = new MongodbAccountSteps(link);
  const outbox = new MongodbOutbox(link, () => new Date());
  return {
    outbox,
    async commit(happening, fails = false) {
      if (fails) throw new Error("Killed");
      const user = happening.subject;
      const head = await steps.head({ user });
      const step = (head?.step ?? 0) + 1;
      const appending = steps.append({
        _id: stepId(user, step),
        user,
        step,
        emailIndex: user,
        createdAt: happening.at.toISOString(),
        at: new Date(happening.at.getTime() + step),
        revocations: 0,
        keyId: "plain",
        document: "{}",
        lane: laneOf(user),
        event: JSON.stringify(toCloudEvent("test", crypto.randomUUID(), happening)),
      });
      await outbox.tellAfter(appending);
    },
    // The crashed one is not closed first: nobody tidies up after a kill.
    restarted: () => openEnds(database),
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}

eventSendingContract(
  "MongodbOutbox",
  mongodb.ignore ? undefined : () => openEnds(aDatabase()),
);
