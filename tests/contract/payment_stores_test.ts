import { openStores } from "@services/payment/adapters";
import { paymentStoresContract } from "./payment_stores_contract.ts";

paymentStoresContract(
  "Embedded payment stores",
  () => Promise.resolve(openStores({ kind: "embedded", path: ":memory:", eventsPath: ":memory:" })),
);
