import { TestKeyRing } from "platform/crypto/testing";
import { openEmbeddedStores } from "@services/orders/adapters";
import { ciphersOf } from "@services/orders/ciphers";
import { ordersStoresContract } from "./orders_stores_contract.ts";

ordersStoresContract(
  "Embedded orders stores",
  () =>
    Promise.resolve(
      openEmbeddedStores(
        { kind: "embedded", path: ":memory:" },
        ciphersOf(new TestKeyRing()),
      ),
    ),
);
