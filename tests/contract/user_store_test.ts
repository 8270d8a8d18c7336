import { TestKeyRing } from "platform/crypto/testing";
import { openEmbeddedStores } from "@services/auth/adapters";
import { ciphersOf } from "@services/auth/ciphers";
import { userStoreContract } from "./user_store_contract.ts";

userStoreContract(
  "EmbeddedUserStore",
  () =>
    Promise.resolve(
      openEmbeddedStores(
        { kind: "embedded", path: ":memory:" },
        ciphersOf(new TestKeyRing()),
      ),
    ),
);
