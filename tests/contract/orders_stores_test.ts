import { openStores } from "@services/orders/adapters";
import { ordersStoresContract } from "./orders_stores_contract.ts";

ordersStoresContract(
  "Embedded orders stores",
  () => Promise.resolve(openStores({ kind: "embedded", path: ":memory:", eventsPath: ":memory:" })),
);
