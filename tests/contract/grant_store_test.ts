import { TestKeyRing } from "platform/crypto/testing";
import { openEmbeddedStores } from "@services/auth/adapters";
import { ciphersOf } from "@services/auth/ciphers";
import { grantStoreContract } from "./grant_store_contract.ts";

grantStoreContract(
  "EmbeddedGrantStore",
  () =>
    Promise.resolve(
      openEmbeddedStores(
        { kind: "embedded", path: ":memory:" },
        ciphersOf(new TestKeyRing()),
      ),
    ),
);
