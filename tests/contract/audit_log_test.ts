import { openEmbeddedStores } from "@services/auth/adapters";
import { ciphersOf } from "@services/auth/ciphers";
import { TestKeyRing } from "platform/crypto/testing";
import { Database } from "platform/store";
import { aDatabase, mongodbForThisFile } from "../fixtures/mongodb_stores.ts";
import { auditLogContract } from "./audit_log_contract.ts";

auditLogContract("EmbeddedAuditLog", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/auth.sqlite`;
  const ciphers = ciphersOf(new TestKeyRing());
  const stores = [1, 2].map(() => openEmbeddedStores({ kind: "embedded", path }, ciphers));
  return {
    stores,
    tamper(seq, change) {
      using db = Database.open(path, Array.from({ length: 5 }, () => ""));
      if (change === "remove") db.run("delete from audit where seq = :seq", { seq });
      else {
        db.run("update audit set entry = json_set(entry, '$.actor', :actor) where seq = :seq", {
          seq,
          actor: change.actor,
        });
      }
      return Promise.resolve();
    },
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store[Symbol.asyncDispose]();
      await Deno.remove(dir, { recursive: true });
    },
  };
});

const mongodb = mongodbForThisFile();

auditLogContract(
  "MongodbAuditLog",
  mongodb.ignore ? undefined : async () => {
    const database = aDatabase();
    const stores = await Promise.all([1, 2, 3].map(() => mongodb.it.open({ database })));
    const link = mongodb.it.link(database);
    return {
      stores,
      async tamper(seq, change) {
        const filter = { _id: seq as never };
        await link.run(async (db) => {
          const audit = db.collection("audit");
          if (change === "remove") await audit.deleteOne(filter);
          else await audit.updateOne(filter, { $set: change });
        });
      },
      async [Symbol.asyncDispose]() {
        for (const store of stores) await store[Symbol.asyncDispose]();
        await link[Symbol.asyncDispose]();
      },
    };
  },
);
