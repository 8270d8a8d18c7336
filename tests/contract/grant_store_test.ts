import { openStores } from "@services/auth/adapters";
import { grantStoreContract } from "./grant_store_contract.ts";

grantStoreContract(
  "EmbeddedGrantStore",
  () => Promise.resolve(openStores({ kind: "embedded", path: ":memory:", eventsPath: ":memory:" })),
);
