import { openEmbeddedStores } from "@services/auth/adapters";
import { ciphersOf } from "@services/auth/ciphers";
import { TestKeyRing } from "platform/crypto/testing";
import { mailStoreContract } from "./mail_store_contract.ts";

mailStoreContract(
  "EmbeddedMailStore",
  () =>
    Promise.resolve(
      openEmbeddedStores({ kind: "embedded", path: ":memory:" }, ciphersOf(new TestKeyRing())),
    ),
);
